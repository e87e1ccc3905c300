// OPEN, FETCH, MOVE and CLOSE.
import { SqlState } from '../../errors/pg-error.js';
import type { FetchStatement, SqlText, Statement } from '../tree.js';
import { parseScroll } from './declarations.js';
import type { FunctionParser } from './function-parser.js';
import { readCursorArguments, readDynamic, readExpressionTo, readSql } from './sql-text.js';
import { readTarget } from './targets.js';

const refcursorType = 1790;

interface CursorVariable {
  readonly number: number;
  readonly name: string;
  readonly argNames: readonly string[] | null;
  readonly isBound: boolean;
}

function takeCursor(parser: FunctionParser): CursorVariable {
  const { tokens } = parser;
  const named = parser.takeDatum();
  if (named === null) throw parser.notVariable();
  const { datum, first } = named;
  if (datum.kind !== 'variable')
    throw tokens.errorAt(first, SqlState.datatypeMismatch, 'cursor variable must be a simple variable');
  if (datum.type.oid !== refcursorType) {
    throw tokens.errorAt(
      first,
      SqlState.datatypeMismatch,
      `variable "${datum.name}" must be of type cursor or refcursor`,
    );
  }
  return {
    number: datum.number,
    name: datum.name,
    argNames: datum.cursor?.args?.names ?? null,
    isBound: datum.cursor !== null,
  };
}

export function parseOpen(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('open');
  const cursor = takeCursor(parser);
  const open = { kind: 'open', line, cursor: cursor.number, parameters: [] as readonly SqlText[] } as const;
  if (cursor.isBound) {
    const args = readCursorArguments(parser, cursor, ';');
    return { ...open, scroll: null, args, query: null, dynamic: false };
  }
  const scroll = parseScroll(parser);
  if (!tokens.skipWord('for')) throw tokens.syntaxError('syntax error, expected "FOR"');
  if (tokens.skipWord('execute')) {
    const { query, parameters } = readDynamic(parser, [';'], 'USING or ;');
    return { ...open, scroll, args: null, query, dynamic: true, parameters };
  }
  const { sql } = readSql(parser, 'statement', { until: [';'] });
  return { ...open, scroll, args: null, query: sql, dynamic: false };
}

type Direction = Pick<FetchStatement, 'direction' | 'count' | 'countText' | 'returnsMany'>;

const one = { count: 1, countText: null, returnsMany: false } as const;
const all = { count: Number.POSITIVE_INFINITY, countText: null, returnsMany: true } as const;

export function parseFetch(parser: FunctionParser, isMove: boolean): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  const start = tokens.take();
  const direction = parseDirection(parser);
  const cursor = takeCursor(parser).number;
  if (isMove) {
    tokens.expectOperator(';');
    return { kind: 'fetch', line, isMove, cursor, into: -1, ...direction };
  }
  if (!tokens.isWord('into')) throw tokens.syntaxError();
  tokens.take();
  const into = readTarget(parser);
  tokens.expectOperator(';');
  if (direction.returnsMany)
    throw tokens.errorAt(start, SqlState.featureNotSupported, 'FETCH statement cannot return multiple rows');
  return { kind: 'fetch', line, isMove, cursor, into, ...direction };
}

function parseDirection(parser: FunctionParser): Direction {
  const { tokens } = parser;
  const token = tokens.peek();
  const word = token.kind === 'word' && !token.quoted ? token.text : '';
  const withFrom = (direction: Direction): Direction => {
    if (!tokens.skipWord('from') && !tokens.skipWord('in')) throw tokens.syntaxError();
    return direction;
  };
  const optionalFrom = (direction: Direction): Direction => {
    tokens.take();
    if (!tokens.skipWord('from')) tokens.skipWord('in');
    return direction;
  };
  switch (word) {
    case 'next':
      return optionalFrom({ direction: 'forward', ...one });
    case 'prior':
      return optionalFrom({ direction: 'backward', ...one });
    case 'first':
      return optionalFrom({ direction: 'absolute', ...one });
    case 'last':
      return optionalFrom({ direction: 'absolute', ...one, count: -1 });
    case 'all':
      tokens.take();
      return withFrom({ direction: 'forward', ...all });
    case 'absolute':
    case 'relative': {
      tokens.take();
      const countText = readExpressionTo(parser, { until: ['from', 'in'], expected: 'FROM or IN' }).sql;
      return { direction: word, count: 0, countText, returnsMany: false };
    }
    case 'forward':
    case 'backward':
      tokens.take();
      return parseCounted(parser, word);
    case 'from':
    case 'in':
      tokens.take();
      return { direction: 'forward', ...one };
    default:
      break;
  }
  const mark = tokens.mark;
  const named = parser.takeDatum();
  tokens.back(mark);
  if (named !== null) return { direction: 'forward', ...one };
  const countText = readExpressionTo(parser, { until: ['from', 'in'], expected: 'FROM or IN' }).sql;
  return { direction: 'forward', count: 0, countText, returnsMany: true };
}

/** What follows FORWARD and BACKWARD: nothing, ALL, or a count. */
function parseCounted(parser: FunctionParser, direction: 'forward' | 'backward'): Direction {
  const { tokens } = parser;
  if (tokens.skipWord('from') || tokens.skipWord('in')) return { direction, ...one };
  if (tokens.skipWord('all')) {
    if (!tokens.skipWord('from') && !tokens.skipWord('in')) throw tokens.syntaxError();
    return { direction, ...all };
  }
  const mark = tokens.mark;
  const named = parser.takeDatum();
  const isCursor = named?.datum.kind === 'variable' && (tokens.isOperator(';') || tokens.isWord('into'));
  tokens.back(mark);
  if (isCursor) return { direction, ...one };
  const countText = readExpressionTo(parser, { until: ['from', 'in'], expected: 'FROM or IN' }).sql;
  return { direction, count: 0, countText, returnsMany: true };
}

export function parseClose(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('close');
  const cursor = takeCursor(parser).number;
  tokens.expectOperator(';');
  return { kind: 'close', line, cursor };
}
