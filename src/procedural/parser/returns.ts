// RETURN, RETURN NEXT and RETURN QUERY: what may follow depends on what the function returns.
import { SqlState } from '../../errors/pg-error.js';
import type { Statement } from '../tree.js';
import type { FunctionParser } from './function-parser.js';
import type { Token } from './scan.js';
import { readDynamic, readExpression, readSql } from './sql-text.js';

const voidType = 2278;

export function parseReturn(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  const start = tokens.expectWord('return');
  if (tokens.isWord('next')) return parseReturnNext(parser, line, start);
  if (tokens.isWord('query')) return parseReturnQuery(parser, line, start);
  const { shape, outVariable } = parser;
  const token = tokens.peek();
  const isEmpty = tokens.isOperator(';');
  if (shape.returnsSet) {
    if (!isEmpty) {
      throw tokens.errorAt(
        token,
        SqlState.datatypeMismatch,
        'RETURN cannot have a parameter in function returning set',
        {
          hint: 'Use RETURN NEXT or RETURN QUERY.',
        },
      );
    }
  } else if (shape.returnType === voidType) {
    if (!isEmpty && !shape.isProcedure)
      throw tokens.errorAt(
        token,
        SqlState.datatypeMismatch,
        'RETURN cannot have a parameter in function returning void',
      );
    if (!isEmpty) throw tokens.errorAt(token, SqlState.syntaxError, 'RETURN cannot have a parameter in a procedure');
  } else if (outVariable >= 0 && !isEmpty) {
    throw tokens.errorAt(
      token,
      SqlState.datatypeMismatch,
      'RETURN cannot have a parameter in function with OUT parameters',
    );
  }
  if (isEmpty && (shape.returnsSet || shape.returnType === voidType || outVariable >= 0)) {
    tokens.take();
    return { kind: 'return', line, value: null, variable: outVariable };
  }
  const variable = wholeVariable(parser);
  if (variable >= 0) return { kind: 'return', line, value: null, variable };
  return { kind: 'return', line, value: readExpression(parser, ';').sql, variable: -1 };
}

/** A variable alone before the `;`, both taken; -1 for anything else. */
function wholeVariable(parser: FunctionParser): number {
  const { tokens } = parser;
  const mark = tokens.mark;
  const named = parser.takeDatum();
  if (named !== null && named.datum.kind !== 'field' && tokens.skipOperator(';')) return named.datum.number;
  tokens.back(mark);
  return -1;
}

function parseReturnNext(parser: FunctionParser, line: number, start: Token): Statement {
  const { tokens, shape, outVariable } = parser;
  tokens.take();
  if (!shape.returnsSet)
    throw tokens.errorAt(start, SqlState.datatypeMismatch, 'cannot use RETURN NEXT in a non-SETOF function');
  if (outVariable >= 0) {
    if (!tokens.isOperator(';')) {
      throw tokens.errorAt(
        tokens.peek(),
        SqlState.datatypeMismatch,
        'RETURN NEXT cannot have a parameter in function with OUT parameters',
      );
    }
    tokens.take();
    return { kind: 'returnNext', line, value: null, variable: outVariable };
  }
  const variable = wholeVariable(parser);
  if (variable >= 0) return { kind: 'returnNext', line, value: null, variable };
  return { kind: 'returnNext', line, value: readExpression(parser, ';').sql, variable: -1 };
}

function parseReturnQuery(parser: FunctionParser, line: number, start: Token): Statement {
  const { tokens, shape } = parser;
  tokens.take();
  if (!shape.returnsSet)
    throw tokens.errorAt(start, SqlState.datatypeMismatch, 'cannot use RETURN QUERY in a non-SETOF function');
  if (tokens.skipWord('execute')) {
    const { query, parameters } = readDynamic(parser, [';'], '; or USING');
    return { kind: 'returnQuery', line, query, dynamic: true, parameters };
  }
  const { sql } = readSql(parser, 'statement', { until: [';'] });
  return { kind: 'returnQuery', line, query: sql, dynamic: false, parameters: [] };
}
