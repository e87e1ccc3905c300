// The analyzer's verb: one parse tree in, one bound statement out. Queries are bound whole; utility statements keep their
// tree, with the query inside EXPLAIN, CREATE TABLE AS and DECLARE CURSOR bound already.
import type { DeclareCursorStmt, SelectStmt } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import { nodeTag } from '../trees/ast.js';
import type { Query } from '../trees/query.js';
import type { BoundStatement, Node } from '../trees/statement.js';
import type { AnalyzerContext } from './context.js';
import { checkParameterTypes } from './parameters.js';
import { makeParseState } from './parse-state.js';
import { bindCall } from './statements/call.js';
import { analyzeQueryNode } from './statements/subquery.js';

/** Binds a statement. Throws PostgreSQL's errors; with variable parameters, 42P18 for those whose type stays unknown. */
export function analyze(statement: Node, context: AnalyzerContext): BoundStatement {
  const bound = bind(statement, context);
  if (context.variableParameters) checkParameterTypes(context);
  return bound;
}

function bind(statement: Node, context: AnalyzerContext): BoundStatement {
  const node = selectIntoAsCommand(statement);
  const tag = nodeTag(node);
  if (isQuery(tag)) return { kind: 'query', query: bindQuery(node, context) };
  const command = { kind: 'command', tag, statement: node, query: innerQuery(node, context) } as const;
  return 'CallStmt' in node ? { ...command, call: bindCall(node.CallStmt, context) } : command;
}

/** Binds a query statement as the outermost one. */
export function bindQuery(node: Node, context: AnalyzerContext): Query {
  return analyzeQueryNode(makeParseState(null, context), node);
}

function isQuery(tag: string): boolean {
  return (
    tag === 'SelectStmt' || tag === 'InsertStmt' || tag === 'UpdateStmt' || tag === 'DeleteStmt' || tag === 'MergeStmt'
  );
}

/** SELECT ... INTO is CREATE TABLE AS in another form. */
function selectIntoAsCommand(statement: Node): Node {
  if ('ExplainStmt' in statement && statement.ExplainStmt.query !== undefined) {
    const query = selectIntoAsCommand(statement.ExplainStmt.query);
    return query === statement.ExplainStmt.query ? statement : { ExplainStmt: { ...statement.ExplainStmt, query } };
  }
  if (!('SelectStmt' in statement)) return statement;
  const leftmost = leftmostSelect(statement.SelectStmt);
  if (leftmost.intoClause === undefined) return statement;
  return {
    CreateTableAsStmt: {
      query: { SelectStmt: withoutInto(statement.SelectStmt) },
      into: leftmost.intoClause,
      objtype: 'OBJECT_TABLE',
      is_select_into: true,
    },
  };
}

function leftmostSelect(select: SelectStmt): SelectStmt {
  let first = select;
  while (first.larg !== undefined) first = first.larg;
  return first;
}

function withoutInto(select: SelectStmt): SelectStmt {
  if (select.larg !== undefined) return { ...select, larg: withoutInto(select.larg) };
  const { intoClause: _into, ...rest } = select;
  return rest;
}

function innerQuery(node: Node, context: AnalyzerContext): Query | null {
  if ('ExplainStmt' in node) {
    const inner = node.ExplainStmt.query;
    if (inner === undefined) return null;
    if (isQuery(nodeTag(inner))) return bindQuery(inner, context);
    return innerQuery(inner, context);
  }
  if ('CreateTableAsStmt' in node) {
    const inner = node.CreateTableAsStmt.query;
    if (inner === undefined || !isQuery(nodeTag(inner))) return null;
    const query = bindQuery(inner, context);
    if (node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW') checkMaterialized(query, context);
    return query;
  }
  if ('DeclareCursorStmt' in node) return bindCursor(node.DeclareCursorStmt, context);
  return null;
}

function checkMaterialized(query: Query, context: AnalyzerContext): void {
  if (query.hasModifyingCte) {
    throw pgError(SqlState.featureNotSupported, 'materialized views must not use data-modifying statements in WITH');
  }
  if (context.parameterTypes.length > 0) {
    throw pgError(SqlState.featureNotSupported, 'materialized views may not be defined using bound parameters');
  }
}

/** CURSOR_OPT_* bits of the grammar. */
const cursor = { scroll: 0x2, noScroll: 0x4, insensitive: 0x8, asensitive: 0x10, hold: 0x20 } as const;

function bindCursor(declare: DeclareCursorStmt, context: AnalyzerContext): Query | null {
  const options = declare.options ?? 0;
  const has = (bit: number): boolean => (options & bit) !== 0;
  const both = (left: string, right: string): Error =>
    pgError(SqlState.invalidCursorDefinition, `cannot specify both ${left} and ${right}`);
  if (has(cursor.scroll) && has(cursor.noScroll)) throw both('SCROLL', 'NO SCROLL');
  if (has(cursor.asensitive) && has(cursor.insensitive)) throw both('INSENSITIVE', 'ASENSITIVE');
  if (declare.query === undefined) return null;
  const query = bindQuery(declare.query, context);
  if (query.hasModifyingCte) {
    throw pgError(SqlState.featureNotSupported, 'DECLARE CURSOR must not contain data-modifying statements in WITH');
  }
  const [mark] = query.rowMarks;
  if (mark === undefined) return query;
  const clause = {
    update: 'FOR UPDATE',
    noKeyUpdate: 'FOR NO KEY UPDATE',
    share: 'FOR SHARE',
    keyShare: 'FOR KEY SHARE',
  }[mark.strength];
  if (has(cursor.hold)) {
    throw pgError(SqlState.featureNotSupported, `DECLARE CURSOR WITH HOLD ... ${clause} is not supported`, {
      detail: 'Holdable cursors must be READ ONLY.',
    });
  }
  if (has(cursor.scroll)) {
    throw pgError(SqlState.featureNotSupported, `DECLARE SCROLL CURSOR ... ${clause} is not supported`, {
      detail: 'Scrollable cursors must be READ ONLY.',
    });
  }
  if (has(cursor.insensitive)) {
    throw pgError(SqlState.invalidCursorDefinition, `DECLARE INSENSITIVE CURSOR ... ${clause} is not valid`, {
      detail: 'Insensitive cursors must be READ ONLY.',
    });
  }
  return query;
}
