// Matching of expressions with back references: all ways to match are tried in order of preference, and the end that the
// whole expression prefers wins. Exponential at worst, so the number of steps is bounded.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Regex, RegexNode } from './ast.js';
import { preferenceOf } from './ast.js';
import type { Matcher, RegexMatch, Span } from './matcher.js';

const stepsMax = 2_000_000;

/** The preferred match at `start`; null where there is none. */
export function backtrack(regex: Regex, text: string, start: number, matcher: Matcher): RegexMatch | null {
  const groups = new Array<Span | null>(regex.groupCount).fill(null);
  const wantsShortest = preferenceOf(regex.root) === 'shortest';
  let best: RegexMatch | null = null;
  let steps = 0;

  function run(node: RegexNode, at: number, then: (end: number) => void): void {
    if (++steps > stepsMax)
      throw pgError(SqlState.invalidRegularExpression, 'regular expression failed: regular expression is too complex');
    matcher.interrupts();
    switch (node.kind) {
      case 'empty':
        then(at);
        return;
      case 'set': {
        const end = matcher.step(node, at);
        if (end >= 0) then(end);
        return;
      }
      case 'assert':
        if (matcher.holds(node, at)) then(at);
        return;
      case 'look':
        if (matcher.looks(node, at)) then(at);
        return;
      case 'capture': {
        const before = groups[node.group - 1] ?? null;
        run(node.item, at, (end) => {
          const inner = groups[node.group - 1] ?? null;
          groups[node.group - 1] = [at, end];
          then(end);
          groups[node.group - 1] = inner;
        });
        groups[node.group - 1] = before;
        return;
      }
      case 'backref': {
        const span = groups[node.group - 1];
        if (!span) return;
        const wanted = text.slice(span[0], span[1]);
        const found = text.slice(at, at + wanted.length);
        const isEqual = regex.flags.ignoreCase ? found.toLowerCase() === wanted.toLowerCase() : found === wanted;
        if (isEqual) then(at + wanted.length);
        return;
      }
      case 'alternate':
        for (const branch of node.branches) run(branch, at, then);
        return;
      case 'concat':
        runItems(node.items, 0, at, then);
        return;
      case 'repeat':
        runRepeat(node, 0, at, then);
    }
  }

  function runItems(items: readonly RegexNode[], index: number, at: number, then: (end: number) => void): void {
    const item = items[index];
    if (!item) then(at);
    else run(item, at, (end) => runItems(items, index + 1, end, then));
  }

  function runRepeat(
    node: Extract<RegexNode, { kind: 'repeat' }>,
    done: number,
    at: number,
    then: (end: number) => void,
  ): void {
    const goOn = () => {
      if (done >= node.max) return;
      run(node.item, at, (end) => {
        if (end > at || done < node.min) runRepeat(node, done + 1, end, then);
      });
    };
    if (done < node.min) goOn();
    else if (node.preference === 'shortest') {
      then(at);
      goOn();
    } else {
      goOn();
      then(at);
    }
  }

  run(regex.root, start, (end) => {
    const isBetter = best === null || (wantsShortest ? end < best.end : end > best.end);
    if (isBetter) best = { start, end, groups: [...groups] };
  });
  return best;
}
