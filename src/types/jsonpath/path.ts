// A JSON path as a JavaScript value (manual, section 9.16.2): a chain of nodes, each applied to what the one before it
// gave. The first node of a chain stands for items of its own (a literal, $, an operator), the others are accessors.
import { quoteJson } from '../json-types.js';
import type { Numeric } from '../numeric.js';

export type PathChain = readonly PathNode[];

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/** Methods without arguments. */
export const plainMethods = [
  'abs',
  'bigint',
  'boolean',
  'ceiling',
  'date',
  'double',
  'floor',
  'integer',
  'keyvalue',
  'number',
  'size',
  'string',
  'type',
] as const;
/** Methods with an optional precision. */
export const precisionMethods = ['time', 'time_tz', 'timestamp', 'timestamp_tz'] as const;
export type PlainMethod = (typeof plainMethods)[number];
export type PrecisionMethod = (typeof precisionMethods)[number];

export type RegexFlag = 'i' | 's' | 'm' | 'x' | 'q';

export type PathNode =
  | { readonly kind: 'root' | 'current' | 'last' | 'anyElement' | 'anyKey' }
  | { readonly kind: 'literal'; readonly value: null | boolean | string | Numeric }
  | { readonly kind: 'variable' | 'key'; readonly name: string }
  | { readonly kind: 'subscripts'; readonly ranges: readonly SubscriptRange[] }
  /** `**`: levels from and to, null for `last`. */
  | { readonly kind: 'any'; readonly from: number | null; readonly to: number | null }
  | { readonly kind: 'filter' | 'not' | 'isUnknown' | 'exists'; readonly argument: PathChain }
  | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly argument: PathChain }
  | { readonly kind: 'and' | 'or' | 'startsWith'; readonly left: PathChain; readonly right: PathChain }
  | ComparisonNode
  | ArithmeticNode
  | LikeRegexNode
  | { readonly kind: 'method'; readonly name: PlainMethod }
  | { readonly kind: 'precisionMethod'; readonly name: PrecisionMethod; readonly precision: Numeric | null }
  | { readonly kind: 'decimal'; readonly precision: Numeric | null; readonly scale: Numeric | null }
  | { readonly kind: 'datetime'; readonly template: string | null };

export interface SubscriptRange {
  readonly from: PathChain;
  readonly to: PathChain | null;
}
export interface ComparisonNode {
  readonly kind: 'comparison';
  readonly operator: ComparisonOperator;
  readonly left: PathChain;
  readonly right: PathChain;
}
export interface ArithmeticNode {
  readonly kind: 'arithmetic';
  readonly operator: ArithmeticOperator;
  readonly left: PathChain;
  readonly right: PathChain;
}
export interface LikeRegexNode {
  readonly kind: 'likeRegex';
  readonly argument: PathChain;
  readonly pattern: string;
  readonly flags: ReadonlySet<RegexFlag>;
}

export class JsonPath {
  constructor(
    readonly isLax: boolean,
    readonly chain: PathChain,
  ) {}

  /** The text form: names quoted, operators in parentheses, `lax` left out. */
  toString(): string {
    return `${this.isLax ? '' : 'strict '}${chainText(this.chain, true)}`;
  }
}

/** How tight operators bind; what binds no tighter than the operator around it stands in parentheses. */
function priority(chain: PathChain): number {
  const node = chain[0];
  switch (node?.kind) {
    case 'or':
      return 0;
    case 'and':
      return 1;
    case 'comparison':
    case 'startsWith':
      return 2;
    case 'arithmetic':
      return node.operator === '+' || node.operator === '-' ? 3 : 4;
    case 'sign':
      return 5;
    default:
      return 6;
  }
}

function chainText(chain: PathChain, hasBrackets: boolean): string {
  const [first, ...rest] = chain;
  if (first === undefined) return '';
  const isNumber = first.kind === 'literal' && typeof first.value === 'object' && first.value !== null;
  const head = nodeText(first, hasBrackets, false, chain);
  return (
    (isNumber && rest.length > 0 ? `(${head})` : head) + rest.map((node) => nodeText(node, true, true, [node])).join('')
  );
}

function operand(chain: PathChain, around: PathChain): string {
  return chainText(chain, priority(chain) <= priority(around));
}

function nodeText(node: PathNode, hasBrackets: boolean, isAccessor: boolean, around: PathChain): string {
  const bracketed = (text: string) => (hasBrackets ? `(${text})` : text);
  const binary = (operator: string, left: PathChain, right: PathChain) =>
    bracketed(`${operand(left, around)} ${operator} ${operand(right, around)}`);
  switch (node.kind) {
    case 'root':
      return '$';
    case 'current':
      return '@';
    case 'last':
      return 'last';
    case 'anyElement':
      return '[*]';
    case 'anyKey':
      return isAccessor ? '.*' : '*';
    case 'literal':
      return literalText(node.value);
    case 'variable':
      return `$${quoteJson(node.name)}`;
    case 'key':
      return `.${quoteJson(node.name)}`;
    case 'subscripts':
      return `[${node.ranges.map(rangeText).join(',')}]`;
    case 'any':
      return anyText(node.from, node.to);
    case 'filter':
      return `?(${chainText(node.argument, false)})`;
    case 'not':
      return `!(${chainText(node.argument, false)})`;
    case 'isUnknown':
      return `(${chainText(node.argument, false)}) is unknown`;
    case 'exists':
      return `exists (${chainText(node.argument, false)})`;
    case 'sign':
      return bracketed(node.operator + operand(node.argument, around));
    case 'and':
      return binary('&&', node.left, node.right);
    case 'or':
      return binary('||', node.left, node.right);
    case 'startsWith':
      return binary('starts with', node.left, node.right);
    case 'comparison':
    case 'arithmetic':
      return binary(node.operator, node.left, node.right);
    case 'likeRegex':
      return bracketed(likeRegexText(node, around));
    default:
      return methodText(node);
  }
}

function literalText(value: null | boolean | string | Numeric): string {
  return typeof value === 'string' ? quoteJson(value) : String(value);
}

function rangeText({ from, to }: SubscriptRange): string {
  return chainText(from, false) + (to === null ? '' : ` to ${chainText(to, false)}`);
}

function anyText(from: number | null, to: number | null): string {
  const level = (value: number | null) => (value === null ? 'last' : String(value));
  if (from === 0 && to === null) return '.**';
  return from === to ? `.**{${level(from)}}` : `.**{${level(from)} to ${level(to)}}`;
}

function likeRegexText(node: LikeRegexNode, around: PathChain): string {
  const flags = (['i', 's', 'm', 'x', 'q'] as const).filter((flag) => node.flags.has(flag)).join('');
  const text = `${operand(node.argument, around)} like_regex ${quoteJson(node.pattern)}`;
  return flags === '' ? text : `${text} flag "${flags}"`;
}

function methodText(
  node: Extract<PathNode, { readonly kind: 'method' | 'precisionMethod' | 'decimal' | 'datetime' }>,
): string {
  switch (node.kind) {
    case 'method':
      return `.${node.name}()`;
    case 'precisionMethod':
      return `.${node.name}(${node.precision ?? ''})`;
    case 'decimal':
      return `.decimal(${[node.precision, node.scale].filter((value) => value !== null).join(',')})`;
    case 'datetime':
      return `.datetime(${node.template === null ? '' : quoteJson(node.template)})`;
  }
}
