// Whether and where a match starts, in time linear in the text: all ways through the expression are followed at once, one
// character after the other (Thompson, 1968). For expressions and texts on which trying one way after the other could take
// exponential time.
//   1. `compile` makes states: a character to pass, a choice, a condition on the place, the end.
//   2. `search` keeps the states that some match begun so far is in, those of earlier starts first; a state that is
//      reached again is reached from a later start, and is dropped.
import type { CharacterSet, Regex, RegexNode } from './ast.js';
import { setTest } from './character-test.js';
import type { Matcher } from './matcher.js';

type State =
  | { readonly kind: 'set'; readonly test: (code: number) => boolean; readonly next: number }
  | { readonly kind: 'choice'; readonly targets: number[] }
  | { readonly kind: 'condition'; readonly holds: (matcher: Matcher, at: number) => boolean; readonly next: number }
  | { readonly kind: 'end' };

export interface Search {
  readonly states: readonly State[];
  readonly first: number;
}

/** Counted repetitions are written out: what gets larger than this is left to others. */
const statesMax = 20_000;
const charactersPerCheck = 4096;

/** The expression's states; null where they would be too many, or with back references. */
export function compileSearch(regex: Regex): Search | null {
  if (regex.hasBackrefs) return null;
  const states: State[] = [{ kind: 'end' }];
  const tests = new Map<CharacterSet, (code: number) => boolean>();
  const add = (state: State): number => states.push(state) - 1;
  const compile = (node: RegexNode, next: number): number => {
    if (states.length > statesMax) return next;
    switch (node.kind) {
      case 'set': {
        const test = tests.get(node) ?? setTest(node, regex.flags.ignoreCase);
        tests.set(node, test);
        return add({ kind: 'set', test, next });
      }
      case 'concat':
        return node.items.reduceRight((after, item) => compile(item, after), next);
      case 'alternate':
        return add({ kind: 'choice', targets: node.branches.map((branch) => compile(branch, next)) });
      case 'repeat':
        return repeat(node, next);
      case 'capture':
        return compile(node.item, next);
      case 'assert':
        return add({ kind: 'condition', holds: (matcher, at) => matcher.holds(node, at), next });
      case 'look':
        return add({ kind: 'condition', holds: (matcher, at) => matcher.looks(node, at), next });
      default:
        return next;
    }
  };
  const repeat = ({ item, min, max }: Extract<RegexNode, { kind: 'repeat' }>, next: number): number => {
    let after = next;
    if (max === Number.POSITIVE_INFINITY) {
      const targets: number[] = [next];
      after = add({ kind: 'choice', targets });
      targets.push(compile(item, after));
    } else {
      for (let n = min; n < max && states.length <= statesMax; n++)
        after = add({ kind: 'choice', targets: [compile(item, after), next] });
    }
    for (let n = 0; n < min && states.length <= statesMax; n++) after = compile(item, after);
    return after;
  };
  const first = compile(regex.root, 0);
  return states.length > statesMax ? null : { states, first };
}

/** Where the first match from `from` on starts, or with `anywhere` where some match does; -1 where there is none. `check`
 *  is called now and then, and throws to end the search. */
export function search(
  { states, first }: Search,
  text: string,
  options: { readonly from: number; readonly anywhere: boolean; readonly matcher: Matcher; readonly check: () => void },
): number {
  const { from, anywhere, matcher, check } = options;
  let now = new Threads(states.length);
  let next = new Threads(states.length);
  let found = -1;
  let untilCheck = charactersPerCheck;
  for (let at = from; at <= text.length; ) {
    if (--untilCheck === 0) {
      untilCheck = charactersPerCheck;
      check();
    }
    if (found < 0) enter(states, now, { state: first, start: at, at, matcher });
    const code = text.codePointAt(at) ?? -1;
    const after = at + (code > 0xffff ? 2 : 1);
    for (let n = 0; n < now.count; n++) {
      const start = now.starts[n] as number;
      if (found >= 0 && start >= found) break;
      const state = states[now.list[n] as number] as State;
      if (state.kind === 'end') {
        found = start;
        if (anywhere) return found;
      } else if (state.kind === 'set' && code >= 0 && state.test(code)) {
        enter(states, next, { state: state.next, start, at: after, matcher });
      }
    }
    if (found >= 0 && next.count === 0) break;
    [now, next] = [next, now];
    next.clear();
    at = after;
  }
  return found;
}

/** States in the order in which they were reached, with the start of the match that each belongs to. */
class Threads {
  readonly list: Int32Array;
  readonly starts: Int32Array;
  count = 0;
  private readonly marks: Int32Array;
  private round = 1;

  constructor(size: number) {
    this.list = new Int32Array(size);
    this.starts = new Int32Array(size);
    this.marks = new Int32Array(size);
  }

  clear(): void {
    this.count = 0;
    this.round++;
  }

  /** False where the state was reached before. */
  mark(state: number): boolean {
    if (this.marks[state] === this.round) return false;
    this.marks[state] = this.round;
    return true;
  }

  push(state: number, start: number): void {
    this.list[this.count] = state;
    this.starts[this.count++] = start;
  }
}

/** Adds a state, and those that are reached from it without passing a character. */
function enter(
  states: readonly State[],
  threads: Threads,
  { state: first, start, at, matcher }: { state: number; start: number; at: number; matcher: Matcher },
): void {
  const open = [first];
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (!threads.mark(number)) continue;
    const state = states[number] as State;
    if (state.kind === 'choice') open.push(...state.targets);
    else if (state.kind === 'condition') {
      if (state.holds(matcher, at)) open.push(state.next);
    } else threads.push(number, start);
  }
}
