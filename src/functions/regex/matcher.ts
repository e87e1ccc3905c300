// Finds what PostgreSQL would match. A match starts at the first place where there is one; it is the longest or the
// shortest text from there, as the expression prefers; then its parts, from left to right, are each as long or as short
// as they prefer, as far as the rest still fits (manual, section 9.7.3.5).
//   1. `ends` gives all places where a part that starts at a given place can end, remembered by part and start.
//   2. `dissect` walks down from the whole match and fixes each part's own end, which yields the groups.
// Back references depend on what groups matched: such expressions are matched by `backtrack` instead.
import type { Regex, RegexNode } from './ast.js';
import { preferenceOf } from './ast.js';
import { isWordCode, setTest } from './character-test.js';
import { backtrack } from './backtrack.js';

/** Start and end as UTF-16 indexes; groups that took no part are null. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (Span | null)[];
}
export type Span = readonly [start: number, end: number];

/** Part of a concatenation: the node's items from `from` on. */
interface Tail {
  readonly node: Extract<RegexNode, { kind: 'concat' }>;
  readonly from: number;
}

export class Matcher {
  private readonly memo = new Map<RegexNode, Map<number, readonly number[]>>();
  private readonly tailMemo = new Map<RegexNode, Map<number, readonly number[]>[]>();
  private readonly tests = new Map<RegexNode, (code: number) => boolean>();
  private readonly groups: (Span | null)[];
  private steps = 0;

  constructor(
    private readonly regex: Regex,
    private readonly text: string,
    /** Throws where the statement must end. */
    private readonly check: () => void = () => undefined,
  ) {
    this.groups = new Array<Span | null>(regex.groupCount).fill(null);
  }

  /** The match that starts exactly at `start`; null where there is none. */
  matchAt(start: number): RegexMatch | null {
    const { root } = this.regex;
    if (this.regex.hasBackrefs) return backtrack(this.regex, this.text, start, this);
    const ends = this.ends(root, start);
    if (ends.length === 0) return null;
    const end = preferenceOf(root) === 'shortest' ? Math.min(...ends) : Math.max(...ends);
    this.groups.fill(null);
    this.dissect(root, start, end);
    return { start, end, groups: [...this.groups] };
  }

  /** Where one character of a set ends; -1 where it doesn't match. */
  step(node: Extract<RegexNode, { kind: 'set' }>, at: number): number {
    const code = this.text.codePointAt(at);
    if (code === undefined) return -1;
    let test = this.tests.get(node);
    if (!test) {
      test = setTest(node, this.regex.flags.ignoreCase);
      this.tests.set(node, test);
    }
    return test(code) ? at + (code > 0xffff ? 2 : 1) : -1;
  }

  holds(node: Extract<RegexNode, { kind: 'assert' }>, at: number): boolean {
    const { text } = this;
    switch (node.at) {
      case 'textStart':
        return at === 0;
      case 'textEnd':
        return at === text.length;
      case 'lineStart':
        return at === 0 || text[at - 1] === '\n';
      case 'lineEnd':
        return at === text.length || text[at] === '\n';
      default:
        return this.holdsAtWord(node.at, at);
    }
  }

  /** A look-around constraint. */
  looks(node: Extract<RegexNode, { kind: 'look' }>, at: number): boolean {
    const found = node.behind ? this.endsBehind(node.item, at) : this.ends(node.item, at).length > 0;
    return found !== node.negative;
  }

  private endsBehind(item: RegexNode, at: number): boolean {
    for (let start = at; start >= 0; start--) if (this.ends(item, start).includes(at)) return true;
    return false;
  }

  private holdsAtWord(assertion: string, at: number): boolean {
    const before = at > 0 && isWordCode(codeBefore(this.text, at));
    const after = at < this.text.length && isWordCode(this.text.codePointAt(at) ?? 0);
    switch (assertion) {
      case 'wordStart':
        return !before && after;
      case 'wordEnd':
        return before && !after;
      case 'wordBoundary':
        return before !== after;
      default:
        return before === after;
    }
  }

  /** All ends of a part that starts at `start`, ascending. */
  ends(node: RegexNode, start: number): readonly number[] {
    switch (node.kind) {
      case 'empty':
        return [start];
      case 'set': {
        const end = this.step(node, start);
        return end < 0 ? none : [end];
      }
      case 'assert':
        return this.holds(node, start) ? [start] : none;
      case 'look':
        return this.looks(node, start) ? [start] : none;
      case 'capture':
        return this.ends(node.item, start);
      case 'backref':
        throw new Error('expressions with back references are matched by backtracking');
      default:
        return this.remembered(node, start);
    }
  }

  private remembered(node: RegexNode, start: number): readonly number[] {
    let byStart = this.memo.get(node);
    if (!byStart) {
      byStart = new Map();
      this.memo.set(node, byStart);
    }
    const known = byStart.get(start);
    if (known) return known;
    const ends = this.computeEnds(node, start);
    byStart.set(start, ends);
    return ends;
  }

  /** Throws where the statement must end, looked at now and then. */
  interrupts(): void {
    if (++this.steps % stepsPerCheck === 0) this.check();
  }

  private computeEnds(node: RegexNode, start: number): readonly number[] {
    this.interrupts();
    if (node.kind === 'concat') return this.tailEnds({ node, from: 0 }, start);
    if (node.kind === 'alternate') return sorted(node.branches.flatMap((branch) => this.ends(branch, start)));
    if (node.kind === 'repeat') return this.repeatEnds(node, start, 0);
    return none;
  }

  /** Ends of a concatenation's items from the tail's first on. */
  private tailEnds(tail: Tail, start: number): readonly number[] {
    const item = tail.node.items[tail.from];
    if (!item) return [start];
    if (tail.from === tail.node.items.length - 1) return this.ends(item, start);
    let levels = this.tailMemo.get(tail.node);
    if (!levels) {
      levels = tail.node.items.map(() => new Map<number, readonly number[]>());
      this.tailMemo.set(tail.node, levels);
    }
    const level = levels[tail.from] as Map<number, readonly number[]>;
    const known = level.get(start);
    if (known) return known;
    const next = { node: tail.node, from: tail.from + 1 };
    const ends = sorted(this.ends(item, start).flatMap((middle) => this.tailEnds(next, middle)));
    level.set(start, ends);
    return ends;
  }

  /** Ends of a repetition of which `done` rounds are over already. */
  private repeatEnds(node: Extract<RegexNode, { kind: 'repeat' }>, start: number, done: number): readonly number[] {
    const found = new Set<number>();
    let frontier = new Set([start]);
    let round = done;
    const seen = new Set<number>();
    if (round >= node.min) found.add(start);
    while (frontier.size > 0 && round < node.max) {
      this.interrupts();
      const next = new Set<number>();
      for (const at of frontier) for (const end of this.ends(node.item, at)) next.add(end);
      round++;
      if (round >= node.min) {
        // Past the minimum a place that was reached before leads nowhere new.
        for (const end of next) found.add(end);
        frontier = new Set([...next].filter((end) => !seen.has(end)));
        for (const end of next) seen.add(end);
      } else {
        frontier = next;
      }
    }
    return [...found].sort(ascending);
  }

  /** Fixes the groups inside a part that spans [start, end). */
  private dissect(node: RegexNode, start: number, end: number): void {
    switch (node.kind) {
      case 'capture':
        this.groups[node.group - 1] = [start, end];
        this.dissect(node.item, start, end);
        return;
      case 'concat':
        this.dissectConcat(node, start, end);
        return;
      case 'alternate': {
        const branch = node.branches.find((candidate) => this.ends(candidate, start).includes(end));
        if (branch) this.dissect(branch, start, end);
        return;
      }
      case 'repeat':
        this.dissectRepeat(node, start, end);
        return;
      default:
    }
  }

  private dissectConcat(node: Extract<RegexNode, { kind: 'concat' }>, start: number, end: number): void {
    let at = start;
    node.items.forEach((item, index) => {
      const next = { node, from: index + 1 };
      const middle = inOrder(item, this.ends(item, at)).find((candidate) =>
        this.tailEnds(next, candidate).includes(end),
      );
      if (middle === undefined) return;
      this.dissect(item, at, middle);
      at = middle;
    });
  }

  private dissectRepeat(node: Extract<RegexNode, { kind: 'repeat' }>, start: number, end: number): void {
    let at = start;
    let done = 0;
    // Once the end is reached no more rounds are needed, save those that the minimum asks for.
    while (done < node.max && (at !== end || done < node.min || (done === 0 && node.min === 0 && start === end))) {
      const candidates = inOrder(node.item, this.ends(node.item, at));
      const middle = candidates.find(
        (candidate) => (candidate > at || at === end) && this.repeatEnds(node, candidate, done + 1).includes(end),
      );
      if (middle === undefined) return;
      // Each round starts anew: what an earlier one's groups matched is forgotten.
      this.forgetGroups(node.item);
      this.dissect(node.item, at, middle);
      at = middle;
      done++;
      if (at === end && done >= node.min) return;
    }
  }

  private forgetGroups(node: RegexNode): void {
    if (node.kind === 'capture') this.groups[node.group - 1] = null;
    if (node.kind === 'capture' || node.kind === 'repeat') this.forgetGroups(node.item);
    if (node.kind === 'concat') for (const item of node.items) this.forgetGroups(item);
    if (node.kind === 'alternate') for (const branch of node.branches) this.forgetGroups(branch);
  }
}

const none: readonly number[] = [];
const stepsPerCheck = 1024;

/** Candidate ends in the order in which a part prefers them. */
function inOrder(node: RegexNode, ends: readonly number[]): readonly number[] {
  return preferenceOf(node) === 'shortest' ? ends : [...ends].reverse();
}

function sorted(ends: readonly number[]): readonly number[] {
  return ends.length < 2 ? ends : [...new Set(ends)].sort(ascending);
}

function ascending(left: number, right: number): number {
  return left - right;
}

function codeBefore(text: string, at: number): number {
  const low = text.charCodeAt(at - 1);
  return low >= 0xdc00 && low <= 0xdfff && at > 1 ? (text.codePointAt(at - 2) ?? low) : low;
}
