// LOOP, WHILE, FOR in its four forms, FOREACH, EXIT and CONTINUE.
import { SqlState } from '../../errors/pg-error.js';
import { findLabel, isInLoop } from '../scope.js';
import type { ExitStatement, SqlText, Statement } from '../tree.js';
import { parseEndLabel, parseStatements } from './blocks.js';
import { type FunctionParser, type NamedDatum, recordType } from './function-parser.js';
import type { Token } from './scan.js';
import { isOneOf, readCursorArguments, readDynamic, readExpression, readExpressionTo, readRaw } from './sql-text.js';
import { holdsRow, readScalars } from './targets.js';

const integer = { oid: 23, typmod: -1, collation: 0 } as const;
const refcursorType = 1790;

/** Statements of a loop with its END LOOP; LOOP was taken. */
function parseBody(parser: FunctionParser, label: string | null, outer: FunctionParser['scope']) {
  const { tokens } = parser;
  const body = parseStatements(parser);
  tokens.expectWord('end');
  tokens.expectWord('loop');
  parseEndLabel(parser, label);
  tokens.expectOperator(';');
  parser.scope = outer;
  return body;
}

export function parseLoop(parser: FunctionParser, label: string | null): Statement {
  const { tokens, scope } = parser;
  const line = tokens.line;
  parser.pushLabel(label ?? '', 'loop');
  tokens.expectWord('loop');
  return { kind: 'loop', line, label, body: parseBody(parser, label, scope) };
}

export function parseWhile(parser: FunctionParser, label: string | null): Statement {
  const { tokens, scope } = parser;
  const line = tokens.line;
  parser.pushLabel(label ?? '', 'loop');
  tokens.expectWord('while');
  const condition = readExpression(parser, 'loop').sql;
  return { kind: 'while', line, label, condition, body: parseBody(parser, label, scope) };
}

/** A loop's variables as written. */
interface LoopVariable {
  readonly first: Token;
  readonly name: string;
  /** Null: a name that is not known. */
  readonly named: NamedDatum | null;
  readonly target: number;
  readonly isList: boolean;
}

export function parseFor(parser: FunctionParser, label: string | null): Statement {
  const { tokens, scope } = parser;
  const line = tokens.line;
  parser.pushLabel(label ?? '', 'loop');
  tokens.expectWord('for');
  const variable = parseLoopVariable(parser);
  tokens.expectWord('in');
  const place = { line, label, outer: scope };
  if (tokens.isWord('execute')) return parseDynamicFor(parser, variable, place);
  const cursor = cursorAhead(parser);
  return cursor === null ? parseQueryFor(parser, variable, place) : parseCursorFor(parser, variable, cursor, place);
}

interface Place {
  readonly line: number;
  readonly label: string | null;
  readonly outer: FunctionParser['scope'];
}

function parseLoopVariable(parser: FunctionParser): LoopVariable {
  const { tokens } = parser;
  const words = parser.words();
  const [first] = words;
  if (first === undefined) throw tokens.syntaxError();
  const name = words[words.length - 1]?.text ?? '';
  const named = parser.takeDatum();
  if (named === null) {
    if (words.length > 1 || tokens.isOperator(',', 1)) throw parser.notVariable();
    tokens.take();
    return { first, name, named, target: -1, isList: false };
  }
  if (holdsRow(named)) return { first, name, named, target: named.datum.number, isList: false };
  if (!tokens.isOperator(',')) return { first, name, named, target: -1, isList: false };
  return { first, name, named, target: readScalars(parser, named), isList: true };
}

/** What takes the rows of a query's loop. */
function rowTarget(parser: FunctionParser, variable: LoopVariable, code: 'datatypeMismatch' | 'syntaxError'): number {
  if (variable.target >= 0) {
    if (variable.named !== null) parser.requireAssignable(variable.named);
    return variable.target;
  }
  if (variable.named !== null) return readScalars(parser, variable.named);
  throw parser.tokens.errorAt(
    variable.first,
    SqlState[code],
    'loop variable of loop over rows must be a record variable or list of scalar variables',
  );
}

function parseDynamicFor(parser: FunctionParser, variable: LoopVariable, { line, label, outer }: Place): Statement {
  parser.tokens.expectWord('execute');
  const target = rowTarget(parser, variable, 'datatypeMismatch');
  const { query, parameters } = readDynamic(parser, ['loop'], 'LOOP or USING');
  const body = parseBody(parser, label, outer);
  return { kind: 'forQuery', line, label, target, query, dynamic: true, parameters, body };
}

/** A cursor variable that the loop runs over, taken; null where a query or a range follows. */
function cursorAhead(parser: FunctionParser): NamedDatum | null {
  const { tokens } = parser;
  const mark = tokens.mark;
  const named = parser.takeDatum();
  if (named?.datum.kind === 'variable' && named.datum.type.oid === refcursorType) {
    if (isOneOf(tokens.peek(), ['loop', '('])) return named;
  }
  tokens.back(mark);
  return null;
}

function parseCursorFor(
  parser: FunctionParser,
  variable: LoopVariable,
  cursor: NamedDatum,
  { line, label, outer }: Place,
): Statement {
  const { tokens } = parser;
  if (variable.isList)
    throw tokens.errorAt(variable.first, SqlState.syntaxError, 'cursor FOR loop must have only one target variable');
  const { datum } = cursor;
  if (datum.kind !== 'variable' || datum.cursor === null) {
    throw tokens.errorAt(cursor.first, SqlState.syntaxError, 'cursor FOR loop must use a bound cursor variable');
  }
  const argNames = datum.cursor.args?.names ?? null;
  const args = readCursorArguments(parser, { name: datum.name, argNames }, 'loop');
  const type = { oid: recordType, typmod: -1, collation: 0 };
  const target = parser.addVariable(variable.name, line, type).number;
  return { kind: 'forCursor', line, label, target, cursor: datum.number, args, body: parseBody(parser, label, outer) };
}

function parseQueryFor(parser: FunctionParser, variable: LoopVariable, place: Place): Statement {
  const { tokens } = parser;
  const { line, label, outer } = place;
  const reverse = tokens.skipWord('reverse');
  const { text, start, end } = readRaw(parser, false, { until: ['..', 'loop'], expected: 'LOOP' });
  if (end.text === '..') {
    const lower = parser.sqlText(text, 'expression', start.start);
    return parseIntegerFor(parser, variable, { ...place, lower, reverse });
  }
  if (reverse) throw tokens.errorAt(variable.first, SqlState.syntaxError, 'cannot specify REVERSE in query FOR loop');
  const query = parser.sqlText(text, 'statement', start.start);
  const target = rowTarget(parser, variable, 'syntaxError');
  const body = parseBody(parser, label, outer);
  return { kind: 'forQuery', line, label, target, query, dynamic: false, parameters: [], body };
}

function parseIntegerFor(
  parser: FunctionParser,
  variable: LoopVariable,
  { line, label, outer, lower, reverse }: Place & { readonly lower: SqlText; readonly reverse: boolean },
): Statement {
  const { tokens } = parser;
  const upper = readExpressionTo(parser, { until: ['loop', 'by'], expected: 'LOOP' });
  const step = upper.end.text === 'by' ? readExpression(parser, 'loop').sql : null;
  if (variable.isList)
    throw tokens.errorAt(variable.first, SqlState.syntaxError, 'integer FOR loop must have only one target variable');
  const counter = parser.addVariable(variable.name, line, integer).number;
  const body = parseBody(parser, label, outer);
  return { kind: 'forInteger', line, label, variable: counter, lower, upper: upper.sql, step, reverse, body };
}

export function parseForEach(parser: FunctionParser, label: string | null): Statement {
  const { tokens, scope } = parser;
  const line = tokens.line;
  parser.pushLabel(label ?? '', 'loop');
  tokens.expectWord('foreach');
  const variable = parseLoopVariable(parser);
  let slice = 0;
  if (tokens.skipWord('slice')) {
    const count = tokens.take();
    if (count.kind !== 'number') throw tokens.syntaxError('syntax error', count);
    slice = Number(count.text);
  }
  tokens.expectWord('in');
  tokens.expectWord('array');
  const array = readExpression(parser, 'loop').sql;
  if (variable.named === null) {
    throw tokens.errorAt(
      variable.first,
      SqlState.syntaxError,
      'loop variable of FOREACH must be a known variable or list of variables',
    );
  }
  parser.requireAssignable(variable.named);
  const target = variable.target >= 0 ? variable.target : variable.named.datum.number;
  return { kind: 'forEach', line, label, target, slice, array, body: parseBody(parser, label, scope) };
}

export function parseExit(parser: FunctionParser, isExit: boolean): ExitStatement {
  const { tokens } = parser;
  const line = tokens.line;
  const word = tokens.take();
  const labelToken = tokens.peek();
  const label = tokens.isName() && !tokens.isWord('when') ? tokens.take().text : null;
  if (label !== null) {
    const found = findLabel(parser.scope, label);
    if (found === null) {
      throw tokens.errorAt(
        labelToken,
        SqlState.syntaxError,
        `there is no label "${label}" attached to any block or loop enclosing this statement`,
      );
    }
    if (!isExit && found.type !== 'loop') {
      throw tokens.errorAt(labelToken, SqlState.syntaxError, `block label "${label}" cannot be used in CONTINUE`);
    }
  } else if (!isInLoop(parser.scope)) {
    const message = isExit
      ? 'EXIT cannot be used outside a loop, unless it has a label'
      : 'CONTINUE cannot be used outside a loop';
    throw tokens.errorAt(word, SqlState.syntaxError, message);
  }
  const condition = tokens.skipWord('when') ? readExpression(parser, ';').sql : null;
  if (condition === null) tokens.expectOperator(';');
  return { kind: 'exit', line, isExit, label, condition };
}
