// Statements to closures: one compiler for each kind.
import type { Statement } from '../tree.js';
import { compileAssign, compileIf, compileCase, compileExit } from './branches.js';
import { compileBlock } from './block.js';
import { compileCall } from './call-statement.js';
import type { CompiledFunction } from './compiled-function.js';
import { compileClose, compileFetch, compileOpen } from './cursors.js';
import { compileDiagnostics } from './diagnostics.js';
import { compileExecute, compilePerform, compileSql } from './execute-sql.js';
import type { Step } from './frame.js';
import { compileForEach, compileForInteger, compileLoop, compileWhile } from './loops.js';
import { compileAssert, compileRaise } from './messages.js';
import { compileForCursor, compileForQuery } from './query-loops.js';
import { compileReturn, compileReturnNext, compileReturnQuery } from './returns.js';
import { compileTransactionEnd } from './transaction.js';

type Compilers = {
  readonly [Kind in Statement['kind']]: (
    fn: CompiledFunction,
    statement: Extract<Statement, { readonly kind: Kind }>,
  ) => Step;
};

const compilers: Compilers = {
  block: compileBlock,
  assign: compileAssign,
  if: compileIf,
  case: compileCase,
  loop: compileLoop,
  while: compileWhile,
  forInteger: compileForInteger,
  forQuery: compileForQuery,
  forCursor: compileForCursor,
  forEach: compileForEach,
  exit: compileExit,
  return: compileReturn,
  returnNext: compileReturnNext,
  returnQuery: compileReturnQuery,
  raise: compileRaise,
  assert: compileAssert,
  sql: compileSql,
  execute: compileExecute,
  perform: compilePerform,
  call: compileCall,
  diagnostics: compileDiagnostics,
  open: compileOpen,
  fetch: compileFetch,
  close: compileClose,
  transactionEnd: compileTransactionEnd,
};

export function compileStatement(fn: CompiledFunction, statement: Statement): Step {
  const compile = compilers[statement.kind] as (fn: CompiledFunction, statement: Statement) => Step;
  return compile(fn, statement);
}
