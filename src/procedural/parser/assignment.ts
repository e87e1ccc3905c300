// Assignments: target := expression; the target may be a variable, a record's field, and elements or fields of them.
import { SqlState } from '../../errors/pg-error.js';
import type { AssignStatement } from '../tree.js';
import type { FunctionParser, NamedDatum } from './function-parser.js';
import { readRaw } from './sql-text.js';

/** An assignment where one stands there, else null with nothing taken. Throws 42601 where the target is no variable. */
export function parseAssignment(parser: FunctionParser): AssignStatement | null {
  const { tokens } = parser;
  const line = tokens.line;
  const words = parser.words();
  if (words.length === 0) return null;
  if (words.length === 1 && ![':=', '=', '[', '.'].some((sign) => tokens.isOperator(sign, 1))) return null;
  const named = parser.takeDatum();
  if (named === null) {
    const [first] = words;
    const leads = [':=', '=', '[', '.'].some((sign) => tokens.isOperator(sign, words.length * 2 - 1));
    if (words.length > 1 && !leads) return null;
    if (words.length === 1 && first?.kind !== 'param' && isStatementWord(first?.text ?? '')) {
      return null;
    }
    throw parser.notVariable();
  }
  parser.requireAssignable(named);
  return finish(parser, named, line);
}

/** Keywords of statements that may be followed by a bracket or a dot in nothing but errors of their own. */
function isStatementWord(word: string): boolean {
  return word === 'if' || word === 'case' || word === 'while' || word === 'for';
}

function finish(parser: FunctionParser, named: NamedDatum, line: number): AssignStatement {
  const { tokens } = parser;
  while (!tokens.isOperator(':=') && !tokens.isOperator('=')) {
    if (tokens.isOperator('[')) skipBrackets(parser);
    else if (tokens.isOperator('.')) {
      tokens.take();
      if (tokens.peek().kind !== 'word') throw tokens.syntaxError();
      tokens.take();
    } else throw tokens.syntaxError();
  }
  const operator = tokens.take();
  const at = named.first.start;
  const { text: expression, start } = readRaw(parser, true, { until: [';'] });
  const text = tokens.sourceBetween(at, start.start) + expression;
  const target = {
    datum: named.datum.number,
    text: tokens.sourceBetween(at, operator.start).trimEnd(),
    nameCount: named.nameCount,
  };
  const source = parser.sqlText(text, 'assignment', at, target, start.start - at);
  return { kind: 'assign', line, target: named.datum.number, source };
}

function skipBrackets(parser: FunctionParser): void {
  const { tokens } = parser;
  let depth = 0;
  do {
    if (tokens.peek().kind === 'end' || tokens.isOperator(';')) throw tokens.syntaxError('mismatched parentheses');
    if (tokens.isOperator('[') || tokens.isOperator('(')) depth += 1;
    if (tokens.isOperator(']') || tokens.isOperator(')')) depth -= 1;
    tokens.take();
  } while (depth > 0);
}

/** 42601 for a name that is no scalar variable. */
export function notScalar(parser: FunctionParser, named: NamedDatum): Error {
  const name = 'name' in named.datum ? named.datum.name : '';
  return parser.tokens.errorAt(named.first, SqlState.syntaxError, `"${name}" is not a scalar variable`);
}
