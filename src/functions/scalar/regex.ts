// Regular expression operators and functions (manual, sections 9.7.2 and 9.7.3).
import { SqlState, pgError } from '../../errors/pg-error.js';
import { characterCount } from '../../types/text-types.js';
import { watchGrowth } from '../../types/memory.js';
import { TextBuilder } from '../../types/text-builder.js';
import { PgArray } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { advancedOptions, compileRegex, searchFor } from '../regex/regex.js';
import type { CompiledRegex, RegexMatch, RegexOptions } from '../regex/regex.js';
import { parseFlags, parseFlagsWithoutGlobal, requireAtLeast, requireDeterministic } from './regex-options.js';
import { similarToRegex } from './similar.js';

/** Registers a function that matches: 0A000 under a nondeterministic collation. */
function regexFn<A extends unknown[]>(symbol: string, { impl }: { readonly impl: (...args: A) => unknown }): void {
  fn(symbol, {
    impl(...args: [...A, CallInfo]) {
      const info = args[args.length - 1] as CallInfo;
      requireDeterministic(info);
      return searchFor(info.session, () => impl(...(args as unknown as A)));
    },
  });
}

function regexTableFn<A extends unknown[]>(
  symbol: string,
  { rows }: { readonly rows: (...args: A) => Iterable<unknown> },
): void {
  tableFn(symbol, {
    *rows(...args: [...A, CallInfo]) {
      const info = args[args.length - 1] as CallInfo;
      requireDeterministic(info);
      // Rows are made one at a time, between which other sessions may run.
      const found = searchFor(info.session, () => rows(...(args as unknown as A))[Symbol.iterator]());
      for (;;) {
        const next = searchFor(info.session, () => found.next());
        if (next.done === true) return;
        yield next.value;
      }
    },
  });
}

const textOid = 25;
const ignoreCase: RegexOptions = { ...advancedOptions, ignoreCase: true };

const matches = (text: string, pattern: string) => compileRegex(pattern, advancedOptions).test(text);
const matchesIgnoringCase = (text: string, pattern: string) => compileRegex(pattern, ignoreCase).test(text);
for (const type of ['text', 'name']) {
  regexFn(`${type}regexeq`, { impl: matches });
  regexFn(`${type}regexne`, { impl: (text: string, pattern: string) => !matches(text, pattern) });
  regexFn(`${type}icregexeq`, { impl: matchesIgnoringCase });
  regexFn(`${type}icregexne`, { impl: (text: string, pattern: string) => !matchesIgnoringCase(text, pattern) });
}

fn('similar_escape', {
  impl: (pattern: string | null, escape: string | null) =>
    pattern === null ? null : similarToRegex(pattern, escape ?? '\\'),
});
fn('similar_to_escape_1', { impl: (pattern: string) => similarToRegex(pattern, '\\') });
fn('similar_to_escape_2', { impl: (pattern: string, escape: string) => similarToRegex(pattern, escape) });

/** substring(text from pattern): the first group where there is one, else the whole match. */
regexFn('textregexsubstr', {
  impl: (text: string, pattern: string) => {
    const regex = compileRegex(pattern, advancedOptions);
    const match = regex.find(text, 0);
    if (!match) return null;
    return regex.groupCount > 0 ? groupText(text, match, 1) : text.slice(match.start, match.end);
  },
});

regexFn('regexp_like', {
  impl: (text: string, pattern: string, flags: string) =>
    compileRegex(pattern, parseFlagsWithoutGlobal(flags, 'regexp_like()')).test(text),
});
regexFn('regexp_like_no_flags', { impl: matches });

regexFn('regexp_match', {
  impl: (text: string, pattern: string, flags: string) =>
    firstMatch(
      text,
      pattern,
      parseFlagsWithoutGlobal(flags, 'regexp_match()', 'Use the regexp_matches function instead.'),
    ),
});
regexFn('regexp_match_no_flags', {
  impl: (text: string, pattern: string) => firstMatch(text, pattern, advancedOptions),
});

regexTableFn('regexp_matches', {
  rows: (text: string, pattern: string, flags: string) => {
    const { options, isGlobal } = parseFlags(flags);
    const regex = compileRegex(pattern, options);
    return groupsOfAll(regex, text, allMatches(regex, text, isGlobal ? Number.POSITIVE_INFINITY : 1));
  },
});
regexTableFn('regexp_matches_no_flags', {
  rows: (text: string, pattern: string) => {
    const found = firstMatch(text, pattern, advancedOptions);
    return found === null ? [] : [found];
  },
});

regexFn('regexp_split_to_array', {
  impl: (text: string, pattern: string, flags: string) =>
    PgArray.of(textOid, listOf(split(text, pattern, parseFlagsWithoutGlobal(flags, 'regexp_split_to_array()')))),
});
regexFn('regexp_split_to_array_no_flags', {
  impl: (text: string, pattern: string) => PgArray.of(textOid, listOf(split(text, pattern, advancedOptions))),
});
regexTableFn('regexp_split_to_table', {
  rows: (text: string, pattern: string, flags: string) =>
    split(text, pattern, parseFlagsWithoutGlobal(flags, 'regexp_split_to_table()')),
});
regexTableFn('regexp_split_to_table_no_flags', {
  rows: (text: string, pattern: string) => split(text, pattern, advancedOptions),
});

regexFn('textregexreplace_noopt', {
  impl: (text: string, pattern: string, replacement: string) =>
    replace(text, pattern, replacement, { options: advancedOptions, start: 0, nth: 1 }),
});
regexFn('textregexreplace', {
  impl: (text: string, pattern: string, replacement: string, flags: string) => {
    // regexp_replace(text, pattern, replacement, 2) was surely meant to start at character 2.
    if (/^\d/.test(flags)) {
      throw pgError(SqlState.invalidParameterValue, `invalid regular expression option: "${flags[0]}"`, {
        hint: 'If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.',
      });
    }
    const { options, isGlobal } = parseFlags(flags);
    return replace(text, pattern, replacement, { options, start: 0, nth: isGlobal ? 0 : 1 });
  },
});
regexFn('textregexreplace_extended', {
  impl: (text: string, pattern: string, replacement: string, start: number, nth: number, flags: string) => {
    requireAtLeast('start', start, 1);
    requireAtLeast('n', nth, 0);
    return replace(text, pattern, replacement, {
      options: parseFlags(flags).options,
      start: unitIndex(text, start),
      nth,
    });
  },
});
regexFn('textregexreplace_extended_no_flags', {
  impl: (text: string, pattern: string, replacement: string, start: number, nth: number) => {
    requireAtLeast('start', start, 1);
    requireAtLeast('n', nth, 0);
    return replace(text, pattern, replacement, { options: advancedOptions, start: unitIndex(text, start), nth });
  },
});
regexFn('textregexreplace_extended_no_n', {
  impl: (text: string, pattern: string, replacement: string, start: number) => {
    requireAtLeast('start', start, 1);
    return replace(text, pattern, replacement, { options: advancedOptions, start: unitIndex(text, start), nth: 1 });
  },
});

function count(text: string, pattern: string, start = 1, flags = ''): number {
  requireAtLeast('start', start, 1);
  const regex = compileRegex(pattern, parseFlagsWithoutGlobal(flags, 'regexp_count()'));
  let count = 0;
  for (const _ of allMatches(regex, text, Number.POSITIVE_INFINITY, unitIndex(text, start))) count += 1;
  return count;
}
regexFn('regexp_count', {
  impl: (text: string, pattern: string, start: number, flags: string) => count(text, pattern, start, flags),
});
regexFn('regexp_count_no_flags', {
  impl: (text: string, pattern: string, start: number) => count(text, pattern, start),
});
regexFn('regexp_count_no_start', { impl: (text: string, pattern: string) => count(text, pattern) });

interface NthOptions {
  readonly start?: number;
  readonly nth?: number;
  readonly end?: number;
  readonly flags?: string;
  readonly group?: number;
}

/** regexp_instr: character position of the nth match or its group, or of what follows it. */
function position(text: string, pattern: string, wanted: NthOptions): number {
  const { end = 0, group = 0 } = wanted;
  requireAtLeast('start', wanted.start ?? 1, 1);
  requireAtLeast('n', wanted.nth ?? 1, 1);
  requireEndOption(end);
  requireAtLeast('subexpr', group, 0);
  const { span } = nthSpan(text, pattern, wanted, 'regexp_instr()');
  return span === null ? 0 : [...text.slice(0, span[end])].length + 1;
}
type InstrArgs = [string, string, number, number, number, string, number];
regexFn('regexp_instr', {
  impl: (...[text, pattern, start, nth, end, flags, group]: InstrArgs) =>
    position(text, pattern, { start, nth, end, flags, group }),
});
regexFn('regexp_instr_no_subexpr', {
  impl: (text: string, pattern: string, start: number, nth: number, end: number, flags: string) =>
    position(text, pattern, { start, nth, end, flags }),
});
regexFn('regexp_instr_no_flags', {
  impl: (text: string, pattern: string, start: number, nth: number, end: number) =>
    position(text, pattern, { start, nth, end }),
});
regexFn('regexp_instr_no_endoption', {
  impl: (text: string, pattern: string, start: number, nth: number) => position(text, pattern, { start, nth }),
});
regexFn('regexp_instr_no_n', {
  impl: (text: string, pattern: string, start: number) => position(text, pattern, { start }),
});
regexFn('regexp_instr_no_start', { impl: (text: string, pattern: string) => position(text, pattern, {}) });

/** regexp_substr: the nth match or its group. */
function substring(text: string, pattern: string, wanted: NthOptions): string | null {
  requireAtLeast('start', wanted.start ?? 1, 1);
  requireAtLeast('n', wanted.nth ?? 1, 1);
  requireAtLeast('subexpr', wanted.group ?? 0, 0);
  const { span } = nthSpan(text, pattern, wanted, 'regexp_substr()');
  return span === null ? null : text.slice(span[0], span[1]);
}
regexFn('regexp_substr', {
  impl: (text: string, pattern: string, start: number, nth: number, flags: string, group: number) =>
    substring(text, pattern, { start, nth, flags, group }),
});
regexFn('regexp_substr_no_subexpr', {
  impl: (text: string, pattern: string, start: number, nth: number, flags: string) =>
    substring(text, pattern, { start, nth, flags }),
});
regexFn('regexp_substr_no_flags', {
  impl: (text: string, pattern: string, start: number, nth: number) => substring(text, pattern, { start, nth }),
});
regexFn('regexp_substr_no_n', {
  impl: (text: string, pattern: string, start: number) => substring(text, pattern, { start }),
});
regexFn('regexp_substr_no_start', { impl: (text: string, pattern: string) => substring(text, pattern, {}) });

function requireEndOption(end: number): void {
  if (end === 0 || end === 1) return;
  throw pgError(SqlState.invalidParameterValue, `invalid value for parameter "endoption": ${end}`);
}

function nthSpan(
  text: string,
  pattern: string,
  wanted: NthOptions,
  name: string,
): { readonly span: readonly [number, number] | null } {
  const regex = compileRegex(pattern, parseFlagsWithoutGlobal(wanted.flags ?? '', name));
  const { nth = 1, group = 0 } = wanted;
  const match = nthMatch(allMatches(regex, text, nth, unitIndex(text, wanted.start ?? 1)), nth);
  // Without groups the whole match counts as the first.
  if (!match || group > Math.max(regex.groupCount, 1)) return { span: null };
  return { span: group === 0 || regex.groupCount === 0 ? [match.start, match.end] : (match.groups[group - 1] ?? null) };
}

function firstMatch(text: string, pattern: string, options: RegexOptions): PgArray | null {
  const regex = compileRegex(pattern, options);
  const match = regex.find(text, 0);
  return match ? groupsArray(regex, text, match) : null;
}

/** The groups' texts, or the whole match where the pattern has no groups. */
function groupsArray(regex: CompiledRegex, text: string, match: RegexMatch): PgArray {
  if (regex.groupCount === 0) return PgArray.of(textOid, [text.slice(match.start, match.end)]);
  return PgArray.of(
    textOid,
    match.groups.map((_, index) => groupText(text, match, index + 1)),
  );
}

function groupText(text: string, match: RegexMatch, group: number): string | null {
  const span = match.groups[group - 1];
  return span ? text.slice(span[0], span[1]) : null;
}

/** Matches from left to right, at most `countMax`, none overlapping; an empty match moves on by one character. */
function* allMatches(
  regex: CompiledRegex,
  text: string,
  countMax: number,
  from = 0,
): Generator<RegexMatch, void, void> {
  let at = from;
  for (let count = 0; at <= text.length && count < countMax; count++) {
    const match = regex.find(text, at);
    if (!match) return;
    yield match;
    at = match.end > match.start ? match.end : match.end + characterUnits(text, match.end);
  }
}

function* groupsOfAll(regex: CompiledRegex, text: string, found: Iterable<RegexMatch>): Generator<PgArray, void, void> {
  for (const match of found) yield groupsArray(regex, text, match);
}

function nthMatch(found: Iterable<RegexMatch>, nth: number): RegexMatch | null {
  let count = 0;
  for (const match of found) if (++count === nth) return match;
  return null;
}

function listOf(parts: Iterable<string>): string[] {
  const list: string[] = [];
  for (const part of parts) {
    watchGrowth(list);
    list.push(part);
  }
  return list;
}

function split(text: string, pattern: string, options: RegexOptions): Iterable<string> {
  return partsBetween(compileRegex(pattern, options), text);
}

function* partsBetween(regex: CompiledRegex, text: string): Generator<string, void, void> {
  let at = 0;
  for (const match of allMatches(regex, text, Number.POSITIVE_INFINITY)) {
    // Empty matches at the ends, and right behind a match, split nothing off.
    if (match.end === match.start && (match.start === text.length || match.start === at)) {
      if (match.start === text.length || at === match.start) continue;
    }
    yield text.slice(at, match.start);
    at = match.end;
  }
  yield text.slice(at);
}

interface ReplaceOptions {
  readonly options: RegexOptions;
  /** UTF-16 index to search from. */
  readonly start: number;
  /** Which match to replace; 0: all. */
  readonly nth: number;
}

function replace(text: string, pattern: string, replacement: string, { options, start, nth }: ReplaceOptions): string {
  const regex = compileRegex(pattern, options);
  const result = new TextBuilder();
  let at = 0;
  let count = 0;
  for (const match of allMatches(regex, text, nth === 0 ? Number.POSITIVE_INFINITY : nth, start)) {
    count += 1;
    if (nth !== 0 && count !== nth) continue;
    result.append(text.slice(at, match.start));
    result.append(expand(replacement, text, match));
    at = match.end;
  }
  if (at === 0 && result.length === 0) return text;
  result.append(text.slice(at));
  return result.toString();
}

/** \1 to \9, \& and \\ in the replacement. */
function expand(replacement: string, text: string, match: RegexMatch): string {
  return replacement.replace(/\\([1-9&\\])/g, (_, what: string) => {
    if (what === '&') return text.slice(match.start, match.end);
    if (what === '\\') return '\\';
    return groupText(text, match, Number(what)) ?? '';
  });
}

/** UTF-16 index of a 1-based character position. */
function unitIndex(text: string, position: number): number {
  let at = 0;
  for (let passed = 1; passed < position && at < text.length; passed++) at += characterUnits(text, at);
  return position > 1 && at >= text.length && characterCount(text) < position - 1 ? text.length + 1 : at;
}

function characterUnits(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
