// Compiled regular expressions as the functions use them, cached by pattern and options.
import type { SessionServices } from '../call-info.js';
import type { Regex, RegexNode } from './ast.js';
import { javascriptForm } from './javascript-form.js';
import { Matcher } from './matcher.js';
import type { RegexMatch } from './matcher.js';
import { parseRegex } from './parse.js';
import { type Search, compileSearch, search } from './search.js';
import type { RegexOptions } from './parse.js';

export type { RegexMatch, RegexOptions };

export interface CompiledRegex {
  readonly groupCount: number;
  /** Whether there is a match anywhere. */
  test(text: string): boolean;
  /** The first match that starts at UTF-16 index `from` or later. */
  find(text: string, from: number): RegexMatch | null;
}

/** Compiled patterns kept at a time. */
const cacheEntriesMax = 256;
const cache = new Map<string, CompiledRegex>();

/** Compiles a pattern; throws 2201B. */
export function compileRegex(pattern: string, options: RegexOptions): CompiledRegex {
  const key = `${options.flavour[0]}${+options.ignoreCase}${+options.newlineStops}${+options.newlineAnchors}${+options.expanded}${pattern}`;
  const known = cache.get(key);
  if (known) return known;
  const compiled = build(parseRegex(pattern, options));
  if (cache.size >= cacheEntriesMax) {
    const oldest = cache.keys().next();
    if (!oldest.done) cache.delete(oldest.value);
  }
  cache.set(key, compiled);
  return compiled;
}

function build(regex: Regex): CompiledRegex {
  // JavaScript lets a back reference to a group that took no part match, PostgreSQL doesn't.
  if (regex.hasBackrefs || hasNestedRepeats(regex.root)) return buildWithoutScript(regex);
  const script = javascriptForm(regex);
  const repeats = endlessRepeats(regex.root);
  const slow = buildWithoutScript(regex);
  const isQuick = (text: string) => repeats === 0 || text.length ** (repeats + 1) <= scriptStepsMax;
  return {
    groupCount: regex.groupCount,
    test(text) {
      if (!isQuick(text)) return slow.test(text);
      script.lastIndex = 0;
      return script.test(text);
    },
    find(text, from) {
      if (!isQuick(text)) return slow.find(text, from);
      checkNowAndThen();
      script.lastIndex = from;
      const found = script.exec(text);
      return found ? new Matcher(regex, text, check).matchAt(found.index) : null;
    },
  };
}

/** JavaScript tries one way after the other, so the number of ways must be bounded: each endless repetition may end at any
 *  place of the text. */
const scriptStepsMax = 1e9;

function endlessRepeats(node: RegexNode): number {
  switch (node.kind) {
    case 'repeat':
      return (node.max === Number.POSITIVE_INFINITY ? 1 : 0) + endlessRepeats(node.item);
    case 'concat':
      return node.items.reduce((sum, item) => sum + endlessRepeats(item), 0);
    case 'alternate':
      return node.branches.reduce((sum, branch) => sum + endlessRepeats(branch), 0);
    case 'capture':
    case 'look':
      return endlessRepeats(node.item);
    default:
      return 0;
  }
}

let searching: SessionServices | null = null;
let calls = 0;
const callsPerCheck = 1024;

const check = (): void => searching?.checkInterrupts?.();

/** Runs what searches for a session's statement: it ends where that must. */
export function searchFor<T>(session: SessionServices, run: () => T): T {
  const before = searching;
  searching = session;
  try {
    return run();
  } finally {
    searching = before;
  }
}

function checkNowAndThen(): void {
  if (++calls % callsPerCheck === 0) check();
}

/** A choice within a repetition, (a+)+ or (a|aa)+: JavaScript may try exponentially many ways to match it. */
function hasNestedRepeats(node: RegexNode, isRepeated = false): boolean {
  switch (node.kind) {
    case 'repeat': {
      const isChoice = node.max !== node.min;
      if (isRepeated && isChoice) return true;
      return hasNestedRepeats(node.item, isRepeated || (isChoice && node.max > 1));
    }
    case 'concat':
      return node.items.some((item) => hasNestedRepeats(item, isRepeated));
    case 'alternate':
      return isRepeated || node.branches.some((branch) => hasNestedRepeats(branch, isRepeated));
    case 'capture':
    case 'look':
      return hasNestedRepeats(node.item, isRepeated);
    default:
      return false;
  }
}

/** Finds the start in linear time; our own matcher, which remembers what it tried, does the rest. */
function buildWithoutScript(regex: Regex): CompiledRegex {
  let states: Search | null | undefined;
  const prepared = () => {
    if (states === undefined) states = compileSearch(regex);
    return states;
  };
  const find = (text: string, from: number): RegexMatch | null => {
    checkNowAndThen();
    const matcher = new Matcher(regex, text, check);
    const known = prepared();
    if (known !== null) {
      const start = search(known, text, { from, anywhere: false, matcher, check });
      return start < 0 ? null : matcher.matchAt(start);
    }
    for (let start = from; start <= text.length; start += (text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1) {
      const match = matcher.matchAt(start);
      if (match) return match;
    }
    return null;
  };
  const test = (text: string): boolean => {
    const known = prepared();
    if (known === null) return find(text, 0) !== null;
    const matcher = new Matcher(regex, text, check);
    return search(known, text, { from: 0, anywhere: true, matcher, check }) >= 0;
  };
  return { groupCount: regex.groupCount, test, find };
}

/** Options of the operators ~ and its kin: an advanced expression. */
export const advancedOptions: RegexOptions = {
  flavour: 'advanced',
  ignoreCase: false,
  newlineStops: false,
  newlineAnchors: false,
  expanded: false,
};
