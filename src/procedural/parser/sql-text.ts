// Pieces of SQL within a function: read up to the word or sign that ends them, parentheses matched.
import { SqlState } from '../../errors/pg-error.js';
import { quoteIdentifier } from '../../types/quote.js';
import type { SqlText } from '../tree.js';
import type { FunctionParser } from './function-parser.js';
import type { Token } from './scan.js';

/** Words and signs that may end a text, and what the error says was expected. */
export interface Ending {
  readonly until: readonly string[];
  readonly expected?: string;
}

export interface ReadText {
  readonly sql: SqlText;
  /** The word or sign that ended it, taken. */
  readonly end: Token;
}

/** An expression up to one of `until`, which is taken. Throws 42601. */
export function readExpression(parser: FunctionParser, ...until: readonly string[]): ReadText {
  return readSql(parser, 'expression', { until });
}

export function readExpressionTo(parser: FunctionParser, ending: Ending): ReadText {
  return readSql(parser, 'expression', ending);
}

/** A whole SQL statement or the start of one (`prefix` stands in for what came before). */
export function readSql(parser: FunctionParser, use: 'expression' | 'statement', ending: Ending): ReadText {
  const start = parser.tokens.peek();
  const { text, end } = readRaw(parser, use === 'expression', ending);
  return { sql: parser.sqlText(text, use, start.start), end };
}

/** The text up to its end, without looking into it. */
export function readRaw(
  parser: FunctionParser,
  isExpression: boolean,
  { until, expected = until[0] === ';' ? ';' : until.map((word) => word.toUpperCase()).join(' or ') }: Ending,
): { readonly text: string; readonly start: Token; readonly end: Token } {
  const { tokens } = parser;
  const start = tokens.peek();
  let depth = 0;
  for (;;) {
    const token = tokens.peek();
    if (depth === 0 && isOneOf(token, until)) break;
    if (token.kind === 'operator') {
      if (token.text === '(' || token.text === '[') depth += 1;
      if (token.text === ')' || token.text === ']') depth -= 1;
      if (depth < 0) throw tokens.syntaxError('mismatched parentheses');
    }
    if (token.kind === 'end' || (token.kind === 'operator' && token.text === ';')) {
      if (depth !== 0) throw tokens.syntaxError('mismatched parentheses');
      if (token.kind === 'end' && !expected.includes(' or ')) throw tokens.syntaxError();
      const what = isExpression ? 'SQL expression' : 'SQL statement';
      throw tokens.errorAt(token, SqlState.syntaxError, `missing "${expected}" at end of ${what}`);
    }
    tokens.take();
  }
  const end = tokens.peek();
  if (end === start) throw tokens.syntaxError(isExpression ? 'missing expression' : 'missing SQL statement');
  tokens.take();
  return { text: tokens.sourceBetween(start.start, end.start).trimEnd(), start, end };
}

export function isOneOf(token: Token, texts: readonly string[]): boolean {
  if (token.kind === 'word') return !token.quoted && texts.includes(token.text);
  return token.kind === 'operator' && texts.includes(token.text);
}

/** `EXECUTE text [USING ...]`: the text and its parameters. `until` ends all of it. */
export function readDynamic(
  parser: FunctionParser,
  until: readonly string[],
  expected: string,
): { readonly query: SqlText; readonly parameters: readonly SqlText[]; readonly end: Token } {
  const first = readExpressionTo(parser, { until: [...until, 'using'], expected });
  const parameters: SqlText[] = [];
  let { end } = first;
  if (end.text !== 'using') return { query: first.sql, parameters, end };
  do {
    const next = readExpressionTo(parser, { until: [',', ...until], expected: `, or ${expected.split(' ')[0]}` });
    parameters.push(next.sql);
    end = next.end;
  } while (end.text === ',');
  return { query: first.sql, parameters, end };
}

/** Arguments of a cursor, as one expression that yields them in declared order. `until` is taken; null without any. */
export function readCursorArguments(
  parser: FunctionParser,
  cursor: { readonly name: string; readonly argNames: readonly string[] | null },
  until: string,
): SqlText | null {
  const { tokens } = parser;
  const { argNames } = cursor;
  if (argNames === null) {
    if (tokens.isOperator('('))
      throw tokens.errorAt(tokens.peek(), SqlState.syntaxError, `cursor "${cursor.name}" has no arguments`);
    if (!isOneOf(tokens.peek(), [until])) throw tokens.syntaxError();
    tokens.take();
    return null;
  }
  if (!tokens.isOperator('('))
    throw tokens.errorAt(tokens.peek(), SqlState.syntaxError, `cursor "${cursor.name}" has arguments`);
  const { values, isNamed } = readArgumentValues(parser, cursor.name, argNames);
  if (!isOneOf(tokens.peek(), [until])) throw tokens.syntaxError();
  tokens.take();
  const text = values.map((value, index) =>
    isNamed ? `${value} AS ${quoteIdentifier(argNames[index] ?? '')}` : value,
  );
  return { text: text.join(', '), use: 'expression', sourceAt: 0, target: null, scope: parser.scope };
}

function readArgumentValues(parser: FunctionParser, name: string, argNames: readonly string[]) {
  const { tokens } = parser;
  tokens.expectOperator('(');
  const values = new Map<number, string>();
  let isNamed = false;
  for (let count = 0; count < argNames.length; count++) {
    const place = tokens.peek();
    let position = count;
    if (place.kind === 'word' && (tokens.isOperator(':=', 1) || tokens.isOperator('=>', 1))) {
      position = argNames.indexOf(place.text);
      if (position < 0)
        throw tokens.errorAt(place, SqlState.syntaxError, `cursor "${name}" has no argument named "${place.text}"`);
      isNamed = true;
      tokens.take();
      tokens.take();
    }
    if (values.has(position)) {
      const shown = argNames[position] ?? '';
      throw tokens.errorAt(
        place,
        SqlState.syntaxError,
        `value for parameter "${shown}" of cursor "${name}" specified more than once`,
      );
    }
    const { text, end, start } = readRaw(parser, true, { until: [',', ')'], expected: '," or ")' });
    parser.sqlText(text, 'expression', start.start);
    values.set(position, text);
    const isLast = count === argNames.length - 1;
    if (end.text === ')' && !isLast)
      throw tokens.errorAt(end, SqlState.syntaxError, `not enough arguments for cursor "${name}"`);
    if (end.text === ',' && isLast)
      throw tokens.errorAt(end, SqlState.syntaxError, `too many arguments for cursor "${name}"`);
  }
  return { values: argNames.map((_, position) => values.get(position) ?? ''), isNamed };
}
