// IF and CASE.
import type { CaseStatement, IfStatement, SqlText, Statement } from '../tree.js';
import { parseStatements } from './blocks.js';
import type { FunctionParser } from './function-parser.js';
import { readExpression, readRaw } from './sql-text.js';

export function parseIf(parser: FunctionParser): IfStatement {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('if');
  const branches: { condition: SqlText; body: readonly Statement[] }[] = [];
  do {
    const condition = readExpression(parser, 'then').sql;
    branches.push({ condition, body: parseStatements(parser) });
  } while (tokens.skipWord('elsif') || tokens.skipWord('elseif'));
  const otherwise = tokens.skipWord('else') ? parseStatements(parser) : [];
  tokens.expectWord('end');
  tokens.expectWord('if');
  tokens.expectOperator(';');
  return { kind: 'if', line, branches, otherwise };
}

export function parseCase(parser: FunctionParser): CaseStatement {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('case');
  const subject = tokens.isWord('when') ? null : readExpression(parser, 'when').sql;
  if (subject === null) tokens.expectWord('when');
  let subjectVariable = -1;
  let name = '';
  if (subject !== null) {
    // A variable that no user can name holds the subject; its type is that of the first value it gets.
    name = `__Case__Variable_${parser.datums.length}__`;
    const integer = { oid: 23, typmod: -1, collation: 0 };
    const outer = parser.scope;
    subjectVariable = parser.addVariable(name, line, integer).number;
    parser.scope = { kind: 'variable', name, datum: subjectVariable, outer };
  }
  const branches: { condition: SqlText; body: readonly Statement[] }[] = [];
  do {
    const condition = subject === null ? readExpression(parser, 'then').sql : comparison(parser, name);
    branches.push({ condition, body: parseStatements(parser) });
  } while (tokens.skipWord('when'));
  const otherwise = tokens.skipWord('else') ? parseStatements(parser) : null;
  tokens.expectWord('end');
  tokens.expectWord('case');
  tokens.expectOperator(';');
  return { kind: 'case', line, subject, subjectVariable, branches, otherwise };
}

/** WHEN a, b: is the subject in (a, b)? */
function comparison(parser: FunctionParser, name: string): SqlText {
  const { text, start } = readRaw(parser, true, { until: ['then'] });
  parser.sqlText(text, 'expression', start.start);
  return { text: `"${name}" IN (${text})`, use: 'expression', sourceAt: 0, target: null, scope: parser.scope };
}
