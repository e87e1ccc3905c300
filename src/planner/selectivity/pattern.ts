// Selectivity of LIKE, regular expressions and their relatives: the fixed prefix as a range over the histogram, times a
// guess for the rest of the pattern; most common values and larger histograms are tried out one by one.
import type { Expression } from '../../trees/expression.js';
import type { Value } from '../../types/value.js';
import { typeOf } from '../expressions/typing.js';
import type { PlannerInfo } from '../planner-info.js';
import { constantEquality, defaultMatch, mostCommonPart, scalarInequality, splitRestriction } from './scalar.js';
import { type FixedPrefix, likePrefix, regexPrefix } from './prefix.js';
import { clampProbability } from './variable.js';

interface PatternKind {
  readonly regex: boolean;
  readonly caseless: boolean;
  readonly negate: boolean;
  readonly prefixOnly?: boolean;
}

const kinds: Readonly<Record<string, PatternKind>> = {
  likesel: { regex: false, caseless: false, negate: false },
  nlikesel: { regex: false, caseless: false, negate: true },
  iclikesel: { regex: false, caseless: true, negate: false },
  icnlikesel: { regex: false, caseless: true, negate: true },
  regexeqsel: { regex: true, caseless: false, negate: false },
  regexnesel: { regex: true, caseless: false, negate: true },
  icregexeqsel: { regex: true, caseless: true, negate: false },
  icregexnesel: { regex: true, caseless: true, negate: true },
  prefixsel: { regex: false, caseless: false, negate: false, prefixOnly: true },
};

/** Selectivity by a pattern estimator; null where the name is none. */
export function patternSelectivity(
  root: PlannerInfo,
  estimator: string,
  args: readonly Expression[],
  collation: number,
  varRelid: number,
): number | null {
  const kind = kinds[estimator];
  if (kind === undefined) return null;
  const fallback = kind.negate ? 1 - defaultMatch : defaultMatch;
  const split = splitRestriction(root, args, varRelid);
  if (split === null || !split.variableOnLeft || split.other.kind !== 'Const') return fallback;
  const pattern = split.other.value;
  if (pattern === null) return 0;
  if (typeof pattern !== 'string') return fallback;
  const prefix = kind.prefixOnly
    ? { text: pattern, exact: false, rest: 1 }
    : kind.regex
      ? regexPrefix(pattern, kind.caseless)
      : likePrefix(pattern, kind.caseless);
  const { variable } = split;
  const nulls = variable.statistics?.nullFraction ?? 0;
  let result: number;
  if (prefix.exact) result = constantEquality(root, variable, prefix.text, typeOf(split.other), collation, false);
  else result = inexact(root, variable, prefix, args, collation);
  if (kind.negate) result = 1 - result - nulls;
  return clampProbability(result);
}

function inexact(
  root: PlannerInfo,
  variable: NonNullable<ReturnType<typeof splitRestriction>>['variable'],
  prefix: FixedPrefix,
  args: readonly Expression[],
  collation: number,
): number {
  const { statistics } = variable;
  const { rest } = prefix;
  let heuristic = rest;
  if (prefix.text !== '') {
    heuristic = rest * prefixRange(root, variable, prefix.text, collation);
  }
  if (statistics === null)
    return heuristic === rest && prefix.text === '' ? clampProbability(rest) : clampProbability(heuristic);
  const test = matcher(root, args);
  const histogram = statistics.histogramBounds as readonly Value[];
  let selectivity = heuristic;
  const inner = histogram.length > 2 ? histogram.slice(1, -1) : [];
  if (inner.length >= 8) {
    const matched = inner.filter(test).length / inner.length;
    if (inner.length >= 98) selectivity = matched;
    else {
      const weight = inner.length / 100;
      selectivity = matched * weight + heuristic * (1 - weight);
    }
    selectivity = Math.min(0.9999, Math.max(0.0001, selectivity));
  }
  const common = mostCommonPart(statistics, test);
  return clampProbability(selectivity * (1 - statistics.nullFraction - common.total) + common.matching);
}

/** Fraction of the values that start with a prefix, by the histogram, at least that of one value. */
function prefixRange(
  root: PlannerInfo,
  variable: NonNullable<ReturnType<typeof splitRestriction>>['variable'],
  prefix: string,
  collation: number,
): number {
  const low = scalarInequality(root, variable, prefix, 25, collation, true, true);
  const last = prefix.charCodeAt(prefix.length - 1);
  const upper = prefix.slice(0, -1) + String.fromCharCode(last + 1);
  const high = scalarInequality(root, variable, upper, 25, collation, false, false);
  const equal = constantEquality(root, variable, prefix, 25, collation, false);
  if (variable.statistics === null) return Math.max(0.005, equal);
  const range = low + high - 1 + variable.statistics.nullFraction;
  return Math.max(range <= 0 ? 1e-10 : range, equal);
}

/** Runs the operator on a value; what can't be evaluated does not match. */
function matcher(root: PlannerInfo, args: readonly Expression[]): (value: Value) => boolean {
  const [left, right] = args;
  return (value) => {
    if (left === undefined || right === undefined || typeof value !== 'string' || right.kind !== 'Const') return false;
    const pattern = right.value;
    return typeof pattern === 'string' && matchesLike(value, pattern);
  };
}

function matchesLike(value: string, pattern: string): boolean {
  let source = '';
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index] ?? '';
    if (char === '\\') {
      index++;
      source += escapeRegex(pattern[index] ?? '');
    } else if (char === '%') source += '[\\s\\S]*';
    else if (char === '_') source += '[\\s\\S]';
    else source += escapeRegex(char);
  }
  return new RegExp(`^${source}$`, 'u').test(value);
}

function escapeRegex(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}
