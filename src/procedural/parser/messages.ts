// RAISE, ASSERT and GET DIAGNOSTICS.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { conditionCodes } from '../conditions.js';
import {
  type RaiseLevel,
  type RaiseOption,
  type RaiseStatement,
  type SqlText,
  type Statement,
  raiseOptions,
} from '../tree.js';
import { notScalar } from './assignment.js';
import { parseSqlState } from './blocks.js';
import type { FunctionParser } from './function-parser.js';
import { readExpression, readExpressionTo } from './sql-text.js';
import { holdsRow } from './targets.js';

const levels: Readonly<Record<string, RaiseLevel>> = {
  exception: 'EXCEPTION',
  warning: 'WARNING',
  notice: 'NOTICE',
  info: 'INFO',
  log: 'LOG',
  debug: 'DEBUG',
};

export function parseRaise(parser: FunctionParser): RaiseStatement {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('raise');
  const bare = { kind: 'raise', line, level: 'EXCEPTION', condition: null, message: null } as const;
  if (tokens.skipOperator(';')) return { ...bare, parameters: [], options: [] };
  const levelToken = tokens.peek();
  const named = levelToken.kind === 'word' && !levelToken.quoted ? levels[levelToken.text] : undefined;
  const level = named ?? 'EXCEPTION';
  if (named !== undefined) tokens.take();
  if (tokens.isOperator(';')) throw tokens.syntaxError();
  const { condition, message, parameters, ended, usesOptions } = parseSubject(parser);
  checkFormat(message, parameters.length);
  const options = ended ? [] : parseOptions(parser, usesOptions);
  return { kind: 'raise', line, level, condition, message, parameters, options };
}

interface Subject {
  readonly condition: string | null;
  readonly message: string | null;
  readonly parameters: readonly SqlText[];
  /** The `;` was taken; else USING follows, or was taken. */
  readonly ended: boolean;
  readonly usesOptions: boolean;
}

function parseSubject(parser: FunctionParser): Subject {
  const { tokens } = parser;
  const first = tokens.peek();
  if (first.kind === 'string') {
    tokens.take();
    return parseParameters(parser, first.text);
  }
  const none = { message: null, parameters: [], usesOptions: false } as const;
  if (tokens.skipWord('using')) return { ...none, condition: null, ended: false, usesOptions: true };
  let condition: string;
  if (tokens.isWord('sqlstate')) {
    tokens.take();
    condition = parseSqlState(parser);
  } else {
    if (first.kind !== 'word') throw tokens.syntaxError();
    condition = tokens.expectName().text;
    if (conditionCodes(condition) === null)
      throw pgError(SqlState.undefinedObject, `unrecognized exception condition "${condition}"`);
  }
  if (tokens.skipOperator(';')) return { ...none, condition, ended: true };
  if (!tokens.skipWord('using')) throw tokens.syntaxError();
  return { ...none, condition, ended: false, usesOptions: true };
}

function parseParameters(parser: FunctionParser, message: string): Subject {
  const { tokens } = parser;
  const parameters: SqlText[] = [];
  let end = tokens.take();
  if (!(end.kind === 'operator' && (end.text === ',' || end.text === ';')) && end.text !== 'using')
    throw tokens.syntaxError('syntax error', end);
  while (end.text === ',') {
    const next = readExpressionTo(parser, { until: [',', ';', 'using'], expected: ', or ; or USING' });
    parameters.push(next.sql);
    end = next.end;
  }
  return { condition: null, message, parameters, ended: end.text === ';', usesOptions: end.text === 'using' };
}

function checkFormat(message: string | null, given: number): void {
  if (message === null) return;
  const expected = (message.replaceAll('%%', '').match(/%/g) ?? []).length;
  const say = (text: string): Error => pgError(SqlState.syntaxError, text);
  if (expected < given) throw say('too many parameters specified for RAISE');
  if (expected > given) throw say('too few parameters specified for RAISE');
}

function parseOptions(parser: FunctionParser, isOpen: boolean): RaiseStatement['options'] {
  const { tokens } = parser;
  if (!isOpen) tokens.expectWord('using');
  const options: { option: RaiseOption; value: SqlText }[] = [];
  for (;;) {
    const token = tokens.peek();
    const isName = token.kind === 'word' && !token.quoted;
    const option = isName ? raiseOptions.find((name) => name === token.text) : undefined;
    if (option === undefined) throw tokens.syntaxError('unrecognized RAISE statement option');
    tokens.take();
    if (!tokens.skipOperator('=') && !tokens.skipOperator(':=')) throw tokens.syntaxError('syntax error, expected "="');
    const { sql, end } = readExpressionTo(parser, { until: [',', ';'], expected: ', or ;' });
    options.push({ option, value: sql });
    if (end.text === ';') return options;
  }
}

export function parseAssert(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('assert');
  const condition = readExpressionTo(parser, { until: [',', ';'], expected: ', or ;' });
  const message = condition.end.text === ',' ? readExpression(parser, ';').sql : null;
  return { kind: 'assert', line, condition: condition.sql, message };
}

const currentItems = ['row_count', 'pg_context', 'pg_routine_oid'];
const stackedItems = [
  'pg_exception_context',
  'pg_exception_detail',
  'pg_exception_hint',
  'returned_sqlstate',
  'column_name',
  'constraint_name',
  'pg_datatype_name',
  'message_text',
  'table_name',
  'schema_name',
];

export function parseDiagnostics(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  const start = tokens.expectWord('get');
  const stacked = tokens.skipWord('stacked');
  if (!stacked) tokens.skipWord('current');
  tokens.expectWord('diagnostics');
  const items: { item: string; target: number }[] = [];
  do {
    const named = parser.takeDatum();
    if (named === null) throw parser.notVariable();
    if (holdsRow(named)) throw notScalar(parser, named);
    parser.requireAssignable(named);
    if (!tokens.skipOperator('=') && !tokens.skipOperator(':=')) throw tokens.syntaxError();
    const token = tokens.peek();
    const isKnown = token.kind === 'word' && [...currentItems, ...stackedItems].includes(token.text);
    if (!isKnown) throw tokens.syntaxError('unrecognized GET DIAGNOSTICS item');
    tokens.take();
    items.push({ item: token.text, target: named.datum.number });
  } while (tokens.skipOperator(','));
  tokens.expectOperator(';');
  const allowed = stacked ? stackedItems : currentItems;
  const wrong = items.find(({ item }) => !allowed.includes(item));
  if (wrong !== undefined) {
    const which = stacked ? 'STACKED' : 'CURRENT';
    const shown = wrong.item.toUpperCase();
    const message = `diagnostics item ${shown} is not allowed in GET ${which} DIAGNOSTICS`;
    throw tokens.errorAt(start, SqlState.syntaxError, message);
  }
  return { kind: 'diagnostics', line, stacked, items };
}
