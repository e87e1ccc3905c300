// Statements by their first word. A word that is a variable and is followed by := or = (or by what leads there) starts
// an assignment; a word that is no statement of PL/pgSQL's own starts a statement of SQL.
import type { Statement } from '../tree.js';
import { parseAssignment } from './assignment.js';
import { parseBlock, parseLabel } from './blocks.js';
import { parseCase, parseIf } from './branches.js';
import { parseClose, parseFetch, parseOpen } from './cursors.js';
import type { FunctionParser } from './function-parser.js';
import { parseExit, parseFor, parseForEach, parseLoop, parseWhile } from './loops.js';
import { parseAssert, parseDiagnostics, parseRaise } from './messages.js';
import { parseReturn } from './returns.js';
import { parseCall, parseExecute, parsePerform, parseSql } from './sql-statements.js';

type Parse = (parser: FunctionParser) => Statement | null;

const parsers: Readonly<Record<string, Parse>> = {
  if: parseIf,
  case: parseCase,
  loop: (parser) => parseLoop(parser, null),
  while: (parser) => parseWhile(parser, null),
  for: (parser) => parseFor(parser, null),
  foreach: (parser) => parseForEach(parser, null),
  exit: (parser) => parseExit(parser, true),
  continue: (parser) => parseExit(parser, false),
  return: parseReturn,
  raise: parseRaise,
  assert: parseAssert,
  execute: parseExecute,
  perform: parsePerform,
  call: (parser) => parseCall(parser, true),
  do: (parser) => parseCall(parser, false),
  get: parseDiagnostics,
  open: parseOpen,
  fetch: (parser) => parseFetch(parser, false),
  move: (parser) => parseFetch(parser, true),
  close: parseClose,
  null: parseNull,
  commit: (parser) => parseTransactionEnd(parser, true),
  rollback: (parser) => parseTransactionEnd(parser, false),
};

/** One statement with its `;`. Null: NULL. */
export function parseStatement(parser: FunctionParser): Statement | null {
  const { tokens } = parser;
  const assignment = parseAssignment(parser);
  if (assignment !== null) return assignment;
  const label = parseLabel(parser);
  if (tokens.isWord('declare') || tokens.isWord('begin')) {
    const block = parseBlock(parser, label);
    tokens.expectOperator(';');
    return block;
  }
  if (label !== null) return parseLabelled(parser, label);
  const token = tokens.peek();
  if (token.kind !== 'word') throw tokens.syntaxError();
  const parse = token.quoted || !Object.hasOwn(parsers, token.text) ? undefined : parsers[token.text];
  return parse === undefined ? parseSql(parser) : parse(parser);
}

function parseLabelled(parser: FunctionParser, label: string): Statement {
  const { tokens } = parser;
  if (tokens.isWord('loop')) return parseLoop(parser, label);
  if (tokens.isWord('while')) return parseWhile(parser, label);
  if (tokens.isWord('for')) return parseFor(parser, label);
  if (tokens.isWord('foreach')) return parseForEach(parser, label);
  throw tokens.syntaxError();
}

function parseNull({ tokens }: FunctionParser): null {
  tokens.take();
  tokens.expectOperator(';');
  return null;
}

function parseTransactionEnd({ tokens }: FunctionParser, commit: boolean): Statement {
  const line = tokens.line;
  tokens.take();
  let chain = false;
  if (tokens.skipWord('and')) {
    chain = !tokens.skipWord('no');
    tokens.expectWord('chain');
  }
  tokens.expectOperator(';');
  return { kind: 'transactionEnd', line, commit, chain };
}
