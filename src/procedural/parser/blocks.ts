// Blocks and lists of statements: labels, DECLARE, BEGIN, EXCEPTION, END.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { conditionCodes } from '../conditions.js';
import type { Block, Handler, Statement } from '../tree.js';
import { parseDeclarations } from './declarations.js';
import type { FunctionParser } from './function-parser.js';
import type { Token } from './scan.js';
import { parseStatement } from './statements.js';

/** <<label>>; null without one. */
export function parseLabel(parser: FunctionParser): string | null {
  const { tokens } = parser;
  if (!tokens.skipOperator('<<')) return null;
  const name = tokens.expectName();
  tokens.expectOperator('>>');
  return name.text;
}

/** [DECLARE ...] BEGIN ... END [label], behind its label. The `;` is the caller's. */
export function parseBlock(parser: FunctionParser, label: string | null): Block {
  const { tokens } = parser;
  const outer = parser.scope;
  parser.skipInitialized();
  parser.pushLabel(label ?? '', 'block');
  if (tokens.skipWord('declare')) parseDeclarations(parser);
  const variables = parser.takeInitialized();
  const line = tokens.line;
  tokens.expectWord('begin');
  const body = parseStatements(parser);
  let handlers: Handler[] | null = null;
  let sqlstateVariable = -1;
  let sqlerrmVariable = -1;
  if (tokens.isWord('exception')) {
    const at = tokens.line;
    tokens.take();
    const text = { oid: 25, typmod: -1, collation: 100 };
    sqlstateVariable = parser.addVariable('sqlstate', at, text, { constant: true }).number;
    sqlerrmVariable = parser.addVariable('sqlerrm', at, text, { constant: true }).number;
    parser.skipInitialized();
    handlers = [];
    while (tokens.isWord('when')) handlers.push(parseHandler(parser));
    if (handlers.length === 0) throw tokens.syntaxError();
  }
  tokens.expectWord('end');
  parser.scope = outer;
  parseEndLabel(parser, label);
  return { kind: 'block', line, label, variables, body, handlers, sqlstateVariable, sqlerrmVariable };
}

function parseHandler(parser: FunctionParser): Handler {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('when');
  const conditions: string[] = [];
  do conditions.push(...parseCondition(parser));
  while (tokens.skipWord('or'));
  tokens.expectWord('then');
  return { line, conditions, body: parseStatements(parser) };
}

function parseCondition(parser: FunctionParser): readonly string[] {
  const { tokens } = parser;
  const name = tokens.peek();
  if (!tokens.isName()) throw tokens.syntaxError();
  tokens.take();
  if (name.text === 'sqlstate' && !name.quoted) return [parseSqlState(parser)];
  if (name.text === 'others') return ['others'];
  const codes = conditionCodes(name.text);
  if (codes === null) throw pgError(SqlState.undefinedObject, `unrecognized exception condition "${name.text}"`);
  return codes;
}

/** The five characters behind SQLSTATE. */
export function parseSqlState(parser: FunctionParser): string {
  const { tokens } = parser;
  const code = tokens.peek();
  if (code.kind !== 'string') throw tokens.syntaxError();
  if (!/^[0-9A-Z]{5}$/.test(code.text)) throw tokens.syntaxError('invalid SQLSTATE code');
  tokens.take();
  return code.text;
}

/** Statements up to END, ELSE, ELSIF, WHEN or EXCEPTION, which is not taken. */
export function parseStatements(parser: FunctionParser): readonly Statement[] {
  const { tokens } = parser;
  const statements: Statement[] = [];
  const ends = ['end', 'else', 'elsif', 'elseif', 'when', 'exception'];
  for (;;) {
    const token: Token = tokens.peek();
    if (token.kind === 'end') return statements;
    if (token.kind === 'word' && !token.quoted && ends.includes(token.text) && !isAssignmentAhead(parser))
      return statements;
    const statement = parseStatement(parser);
    if (statement !== null) statements.push(statement);
  }
}

function isAssignmentAhead(parser: FunctionParser): boolean {
  const { tokens } = parser;
  return tokens.isName() && [':=', '=', '[', '.'].some((sign) => tokens.isOperator(sign, 1));
}

/** The label behind END, which must be that of the block or loop. */
export function parseEndLabel(parser: FunctionParser, label: string | null): void {
  const { tokens } = parser;
  if (!tokens.isName()) return;
  const end = tokens.peek();
  if (label === null) {
    throw tokens.errorAt(end, SqlState.syntaxError, `end label "${end.text}" specified for unlabeled block`);
  }
  if (end.text !== label) {
    throw tokens.errorAt(end, SqlState.syntaxError, `end label "${end.text}" differs from block's label "${label}"`);
  }
  tokens.take();
}
