// Compiled regular expressions as the functions use them, cached by pattern and options.
import type { Regex } from './ast.js';
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

/** Options of the operators ~ and its kin: an advanced expression. */
export const advancedOptions: RegexOptions = {
  flavour: 'advanced',
  ignoreCase: false,
  newlineStops: false,
  newlineAnchors: false,
  expanded: false,
};
