// What JSON paths say of items: comparison, STARTS WITH and LIKE_REGEX; null is unknown.
import type { ComparisonOperator, LikeRegexNode, RegexFlag } from '../../../types/jsonpath/path.js';
import { likeRegexCheck } from '../../../types/jsonpath/parser.js';
import { Numeric } from '../../../types/numeric.js';
import { compareNumerics } from '../../../types/numeric-math.js';
import { compareCodePoints } from '../../../types/text-compare.js';
import { advancedOptions, type CompiledRegex, compileRegex } from '../../regex/regex.js';
import { compareDateTimes, PathDateTime } from './datetime.js';
import type { PathItem, PathRun, Truth } from './execute.js';

export type ItemPredicate = (left: PathItem, right: PathItem) => Truth;

const holds: Readonly<Record<ComparisonOperator, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Compares scalars of one kind; null equals only itself; everything else is unknown. */
export function compareItems(operator: ComparisonOperator, left: PathItem, right: PathItem, run: PathRun): Truth {
  if (left === null || right === null) {
    if (left === right) return holds[operator](0);
    // Nothing is less or greater than null.
    return operator === '!=';
  }
  const order = orderOf(left, right, run);
  return order === null ? null : holds[operator](order);
}

function orderOf(left: NonNullable<PathItem>, right: NonNullable<PathItem>, run: PathRun): number | null {
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (typeof left === 'string' && typeof right === 'string') return compareCodePoints(left, right);
  if (left instanceof Numeric && right instanceof Numeric) return compareNumerics(left, right);
  if (left instanceof PathDateTime && right instanceof PathDateTime)
    return compareDateTimes(left, right, run.call, run.mayUseZone);
  return null;
}

export function startsWith(whole: PathItem, initial: PathItem): Truth {
  return typeof whole === 'string' && typeof initial === 'string' ? whole.startsWith(initial) : null;
}

export function likeRegex(node: LikeRegexNode, value: PathItem): Truth {
  return typeof value === 'string' ? compiled(node.pattern, node.flags).test(value) : null;
}

/** As XQuery has it: without `s` a dot does not match line breaks, with `q` the pattern is plain text. */
function compiled(pattern: string, flags: ReadonlySet<RegexFlag>): CompiledRegex {
  const isLiteral = flags.has('q');
  return compileRegex(pattern, {
    ...advancedOptions,
    flavour: isLiteral ? 'literal' : 'advanced',
    ignoreCase: flags.has('i'),
    newlineStops: !isLiteral && !flags.has('s'),
    newlineAnchors: !isLiteral && flags.has('m'),
  });
}

likeRegexCheck.check = compiled;
