// Reads a JSON path (manual, section 9.16.2). Expressions and predicates share one ladder of operators; where the grammar
// wants one of them, the other is a syntax error at the token behind it.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { PgError } from '../../errors/pg-error.js';
import { invalidSyntax } from '../input-error.js';
import { Numeric } from '../numeric.js';
import { negateNumeric } from '../numeric-math.js';
import { jsonDepthMax } from '../../base/limits.js';
import {
  type ComparisonOperator,
  JsonPath,
  type PathChain,
  type PathNode,
  type PlainMethod,
  plainMethods,
  type PrecisionMethod,
  precisionMethods,
  type RegexFlag,
  type SubscriptRange,
} from './path.js';
import { PathScanner, type Token } from './scanner.js';

/** Throws where a pattern of LIKE_REGEX is none; the room of functions has the regular expressions and fills it. */
export const likeRegexCheck: { check: (pattern: string, flags: ReadonlySet<RegexFlag>) => void } = {
  check: () => undefined,
};

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const cacheEntriesMax = 500;
const cache = new Map<string, JsonPath>();

/** Parses a path; throws 22P02 and 42601. The last ones are remembered. */
export function parseJsonPath(text: string): JsonPath {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const path = new Parser(text).path();
  if (cache.size >= cacheEntriesMax) cache.clear();
  cache.set(text, path);
  return path;
}

/** A chain, and whether it says true or false rather than giving items. */
interface Term {
  readonly chain: PathChain;
  readonly isPredicate: boolean;
  /** A predicate in parentheses, or EXISTS: what `!` takes, and `is unknown` unless it is EXISTS. */
  readonly isDelimited?: 'parentheses' | 'exists';
}

interface Place {
  readonly isInFilter: boolean;
  readonly isInSubscript: boolean;
}

class Parser {
  private readonly scanner: PathScanner;
  private token: Token;
  private depth = 0;

  constructor(private readonly input: string) {
    this.scanner = new PathScanner(input);
    this.token = this.scanner.next();
  }

  path(): JsonPath {
    if (this.isEnd()) throw invalidSyntax('jsonpath', this.input);
    const isStrict = this.takeWord('strict');
    if (!isStrict) this.takeWord('lax');
    const { chain } = this.or();
    if (!this.isEnd()) throw this.unexpected();
    checkChain(chain, { isInFilter: false, isInSubscript: false });
    return new JsonPath(!isStrict, chain);
  }

  private or(): Term {
    let left = this.and();
    while (this.isSymbol('||')) {
      this.require(left, true);
      this.advance();
      const right = this.require(this.and(), true);
      left = { chain: [{ kind: 'or', left: left.chain, right }], isPredicate: true };
    }
    return left;
  }

  private and(): Term {
    let left = this.comparison();
    while (this.isSymbol('&&')) {
      this.require(left, true);
      this.advance();
      const right = this.require(this.comparison(), true);
      left = { chain: [{ kind: 'and', left: left.chain, right }], isPredicate: true };
    }
    return left;
  }

  private comparison(): Term {
    if (this.takeSymbol('!')) {
      const argument = this.primary();
      if (argument.isDelimited === undefined) throw this.unexpected();
      return { chain: [{ kind: 'not', argument: argument.chain }], isPredicate: true };
    }
    const left = this.sum();
    const predicate = this.predicateBehind(left);
    return predicate === null ? left : { chain: [predicate], isPredicate: true };
  }

  private predicateBehind(left: Term): PathNode | null {
    const { kind, value } = this.token;
    if (kind === 'symbol' && comparisons.has(value)) {
      this.require(left, false);
      this.advance();
      const right = this.require(this.sum(), false);
      return { kind: 'comparison', operator: value as ComparisonOperator, left: left.chain, right };
    }
    if (this.isWord('is') && left.isDelimited === 'parentheses') {
      this.advance();
      if (!this.takeWord('unknown')) throw this.unexpected();
      return { kind: 'isUnknown', argument: left.chain };
    }
    if (this.isWord('starts')) {
      this.require(left, false);
      this.advance();
      if (!this.takeWord('with')) throw this.unexpected();
      return { kind: 'startsWith', left: left.chain, right: [this.initial()] };
    }
    if (this.isWord('like_regex')) {
      this.require(left, false);
      this.advance();
      return this.likeRegex(left.chain);
    }
    return null;
  }

  private initial(): PathNode {
    const { kind, value } = this.token;
    if (kind !== 'string' && kind !== 'variable') throw this.unexpected();
    this.advance();
    return kind === 'string' ? { kind: 'literal', value } : { kind: 'variable', name: value };
  }

  private likeRegex(argument: PathChain): PathNode {
    const pattern = this.string();
    const flags = new Set<RegexFlag>();
    if (this.takeWord('flag')) for (const letter of this.string()) flags.add(regexFlag(letter));
    if (flags.has('x') && !flags.has('q'))
      throw pgError(SqlState.featureNotSupported, 'XQuery "x" flag (expanded regular expressions) is not implemented');
    likeRegexCheck.check(pattern, flags);
    return { kind: 'likeRegex', argument, pattern, flags };
  }

  private sum(): Term {
    let left = this.product();
    for (;;) {
      const operator = this.token.value;
      if (this.token.kind !== 'symbol' || (operator !== '+' && operator !== '-')) return left;
      this.require(left, false);
      this.advance();
      const right = this.require(this.product(), false);
      left = { chain: [{ kind: 'arithmetic', operator, left: left.chain, right }], isPredicate: false };
    }
  }

  private product(): Term {
    let left = this.signed();
    for (;;) {
      const operator = this.token.value;
      if (this.token.kind !== 'symbol' || (operator !== '*' && operator !== '/' && operator !== '%')) return left;
      this.require(left, false);
      this.advance();
      const right = this.require(this.signed(), false);
      left = { chain: [{ kind: 'arithmetic', operator, left: left.chain, right }], isPredicate: false };
    }
  }

  private signed(): Term {
    const operator = this.token.value;
    if (this.token.kind !== 'symbol' || (operator !== '+' && operator !== '-')) return this.primary();
    this.enter();
    this.advance();
    const argument = this.require(this.signed(), false);
    this.depth--;
    const [only] = argument;
    if (argument.length === 1 && only?.kind === 'literal' && only.value instanceof Numeric) {
      const value = operator === '-' ? negateNumeric(only.value) : only.value;
      return { chain: [{ kind: 'literal', value }], isPredicate: false };
    }
    return { chain: [{ kind: 'sign', operator, argument }], isPredicate: false };
  }

  /** A first node, or something in parentheses, with its accessors. */
  private primary(): Term {
    const start = this.start();
    const accessors: PathNode[] = [];
    for (let accessor = this.accessor(); accessor !== null; accessor = this.accessor()) accessors.push(accessor);
    if (accessors.length === 0) return start;
    if (start.isDelimited === 'exists') throw this.unexpected();
    return { chain: [...start.chain, ...accessors], isPredicate: false };
  }

  private start(): Term {
    const { kind, value } = this.token;
    if (this.takeSymbol('(')) {
      this.enter();
      const inner = this.or();
      this.expect(')');
      this.depth--;
      return inner.isPredicate ? { ...inner, isDelimited: 'parentheses' } : { chain: inner.chain, isPredicate: false };
    }
    if (this.takeWord('exists')) {
      this.expect('(');
      const argument = this.require(this.or(), false);
      this.expect(')');
      return { chain: [{ kind: 'exists', argument }], isPredicate: true, isDelimited: 'exists' };
    }
    const node = firstNode(kind, value);
    if (node === null) throw this.unexpected();
    this.advance();
    return { chain: [node], isPredicate: false };
  }

  private accessor(): PathNode | null {
    if (this.takeSymbol('[')) return this.subscripts();
    if (this.takeSymbol('?')) {
      this.expect('(');
      this.enter();
      const argument = this.require(this.or(), true);
      this.expect(')');
      this.depth--;
      return { kind: 'filter', argument };
    }
    if (!this.takeSymbol('.')) return null;
    if (this.takeSymbol('*')) return { kind: 'anyKey' };
    if (this.takeSymbol('**')) return this.anyLevels();
    const { kind, value } = this.token;
    if (kind !== 'name' && kind !== 'string') throw this.unexpected();
    this.advance();
    if (kind === 'name' && this.isSymbol('(')) {
      const method = this.method(value.toLowerCase());
      if (method !== null) return method;
    }
    return { kind: 'key', name: value };
  }

  private subscripts(): PathNode {
    if (this.takeSymbol('*')) {
      this.expect(']');
      return { kind: 'anyElement' };
    }
    const ranges: SubscriptRange[] = [];
    do {
      const from = this.require(this.sum(), false);
      ranges.push({ from, to: this.takeWord('to') ? this.require(this.sum(), false) : null });
    } while (this.takeSymbol(','));
    this.expect(']');
    return { kind: 'subscripts', ranges };
  }

  private anyLevels(): PathNode {
    if (!this.takeSymbol('{')) return { kind: 'any', from: 0, to: null };
    const from = this.level();
    const to = this.takeWord('to') ? this.level() : from;
    this.expect('}');
    return { kind: 'any', from, to };
  }

  private level(): number | null {
    if (this.takeWord('last')) return null;
    if (this.token.kind !== 'integer') throw this.unexpected();
    const level = Number(this.integer());
    return Math.min(level, 0x7fffffff);
  }

  /** The method of a name before `(`; null where no method is called so. */
  private method(name: string): PathNode | null {
    const plain = plainMethods.find((method): method is PlainMethod => method === name);
    const withPrecision = precisionMethods.find((method): method is PrecisionMethod => method === name);
    if (plain === undefined && withPrecision === undefined && name !== 'decimal' && name !== 'datetime') return null;
    this.expect('(');
    const node = this.methodArguments(plain, withPrecision, name);
    this.expect(')');
    return node;
  }

  private methodArguments(
    plain: PlainMethod | undefined,
    withPrecision: PrecisionMethod | undefined,
    name: string,
  ): PathNode {
    if (plain !== undefined) return { kind: 'method', name: plain };
    if (withPrecision !== undefined) {
      const precision = this.token.kind === 'integer' ? this.integer() : null;
      return { kind: 'precisionMethod', name: withPrecision, precision };
    }
    if (name === 'datetime') return { kind: 'datetime', template: this.token.kind === 'string' ? this.string() : null };
    const values: Numeric[] = [];
    if (!this.isSymbol(')'))
      do values.push(this.signedInteger());
      while (this.takeSymbol(','));
    if (values.length > 2)
      throw pgError(SqlState.syntaxError, 'invalid input syntax for type jsonpath', {
        detail: '.decimal() can only have an optional precision[,scale].',
      });
    return { kind: 'decimal', precision: values[0] ?? null, scale: values[1] ?? null };
  }

  private signedInteger(): Numeric {
    const isNegative = this.takeSymbol('-');
    if (!isNegative) this.takeSymbol('+');
    if (this.token.kind !== 'integer') throw this.unexpected();
    const value = this.integer();
    return isNegative ? negateNumeric(value) : value;
  }

  private integer(): Numeric {
    const value = numberOf(this.token.value);
    this.advance();
    return value;
  }

  private string(): string {
    const { kind, value } = this.token;
    if (kind !== 'string') throw this.unexpected();
    this.advance();
    return value;
  }

  /** The chain, where the term is a predicate exactly when it should be. */
  private require(term: Term, isPredicate: boolean): PathChain {
    if (term.isPredicate !== isPredicate) throw this.unexpected();
    return term.chain;
  }

  private enter(): void {
    if (++this.depth > jsonDepthMax) throw pgError(SqlState.statementTooComplex, 'stack depth limit exceeded');
  }

  private advance(): void {
    this.token = this.scanner.next();
  }

  private isEnd(): boolean {
    return this.token.kind === 'end';
  }

  private isSymbol(value: string): boolean {
    return this.token.kind === 'symbol' && this.token.value === value;
  }

  private takeSymbol(value: string): boolean {
    const found = this.isSymbol(value);
    if (found) this.advance();
    return found;
  }

  private isWord(word: string): boolean {
    return this.token.kind === 'name' && this.token.value.toLowerCase() === word;
  }

  private takeWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.advance();
    return found;
  }

  private expect(value: string): void {
    if (!this.takeSymbol(value)) throw this.unexpected();
  }

  private unexpected(): PgError {
    return PathScanner.error('syntax error', this.token.text);
  }
}

function firstNode(kind: Token['kind'], value: string): PathNode | null {
  switch (kind) {
    case 'string':
      return { kind: 'literal', value };
    case 'integer':
    case 'number':
      return { kind: 'literal', value: numberOf(value) };
    case 'variable':
      return { kind: 'variable', name: value };
    case 'symbol':
      return value === '$' ? { kind: 'root' } : value === '@' ? { kind: 'current' } : null;
    case 'name':
      if (value === 'null') return { kind: 'literal', value: null };
      if (value === 'true' || value === 'false') return { kind: 'literal', value: value === 'true' };
      return value.toLowerCase() === 'last' ? { kind: 'last' } : null;
    default:
      return null;
  }
}

function numberOf(text: string): Numeric {
  const value = Numeric.parse(text);
  if (value === null) throw invalidSyntax('numeric', text);
  return value;
}

function regexFlag(letter: string): RegexFlag {
  if (letter === 'i' || letter === 's' || letter === 'm' || letter === 'x' || letter === 'q') return letter;
  throw pgError(SqlState.syntaxError, 'invalid input syntax for type jsonpath', {
    detail: `Unrecognized flag character "${letter}" in LIKE_REGEX predicate.`,
  });
}

/** `@` stands only within filters, LAST only within subscripts. */
function checkChain(chain: PathChain, place: Place): void {
  for (const node of chain) {
    if (node.kind === 'current' && !place.isInFilter)
      throw pgError(SqlState.syntaxError, '@ is not allowed in root expressions');
    if (node.kind === 'last' && !place.isInSubscript)
      throw pgError(SqlState.syntaxError, 'LAST is allowed only in array subscripts');
    if (node.kind === 'subscripts') {
      for (const { from, to } of node.ranges)
        for (const part of [from, to ?? []]) checkChain(part, { ...place, isInSubscript: true });
    }
    if ('argument' in node) checkChain(node.argument, node.kind === 'filter' ? { ...place, isInFilter: true } : place);
    if ('left' in node) for (const part of [node.left, node.right]) checkChain(part, place);
  }
}
