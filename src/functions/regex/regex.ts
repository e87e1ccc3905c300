// Compiled regular expressions as the functions use them, cached by pattern and options.
import type { Regex, RegexNode } from './ast.js';
import { javascriptForm } from './javascript-form.js';
import { Matcher } from './matcher.js';
import type { RegexMatch } from './matcher.js';
import { parseRegex } from './parse.js';
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
  return {
    groupCount: regex.groupCount,
    test(text) {
      script.lastIndex = 0;
      return script.test(text);
    },
    find(text, from) {
      script.lastIndex = from;
      const found = script.exec(text);
      return found ? new Matcher(regex, text).matchAt(found.index) : null;
    },
  };
}

/** A repetition within a repetition, (a+)+: JavaScript may try exponentially many ways to match it. */
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
      return node.branches.some((branch) => hasNestedRepeats(branch, isRepeated));
    case 'capture':
    case 'look':
      return hasNestedRepeats(node.item, isRepeated);
    default:
      return false;
  }
}

/** Matches by our own matcher alone: it remembers what it tried, so its time is bounded by a polynomial. */
function buildWithoutScript(regex: Regex): CompiledRegex {
  const find = (text: string, from: number): RegexMatch | null => {
    const matcher = new Matcher(regex, text);
    for (let start = from; start <= text.length; start += (text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1) {
      const match = matcher.matchAt(start);
      if (match) return match;
    }
    return null;
  };
  return { groupCount: regex.groupCount, test: (text) => find(text, 0) !== null, find };
}

/** Options of the operators ~ and its kin: an advanced expression. */
export const advancedOptions: RegexOptions = {
  flavour: 'advanced',
  ignoreCase: false,
  newlineStops: false,
  newlineAnchors: false,
  expanded: false,
};
