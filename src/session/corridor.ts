// The rooms between text and rows, bound to one session: what each needs of the others is filled in here, so that they
// need not know one another.
import type { ExecuteStmt } from '@pgsql/types';
import { analyze } from '../analyzer/analyze.js';
import { coerceFunctionResult } from '../analyzer/statements/function-result.js';
import { analyzeExpression } from '../analyzer/analyze-expression.js';
import { findSupportFunction } from '../analyzer/functions/support-function.js';
import { resolveTypeName } from '../analyzer/type-names.js';
import type { AnalyzerContext } from '../analyzer/context.js';
import { timeSliceMs } from '../base/limits.js';
import { SqlState, notSupported, pgError } from '../errors/pg-error.js';
import { assert } from '../errors/unreachable.js';
import { expressionText } from '../catalog/deparse/expressions-text.js';
import type { Catalog } from '../catalog/api.js';
import type { CommandContext, Corridor, ExecutedQuery, FunctionScope } from '../commands/api.js';
import { evaluateExpression } from '../executor/evaluate.js';
import { startExecution } from '../executor/execute.js';
import type { Execution, ExecutionContext, PipelineSettings, SubqueryRunner } from '../executor/api.js';
import type { PointContext } from '../executor/point-select.js';
import { parse } from '../parser/parse.js';
import { plan } from '../planner/plan.js';
import { rewrite } from '../rewriter/rewrite.js';
import type { Expression } from '../trees/expression.js';
import type { Transaction } from '../transaction/api.js';
import { treeFromJson } from '../trees/json.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import type { BoundStatement, Node } from '../trees/statement.js';
import { type MemoryAccount, checkHeap } from '../types/memory.js';
import type { Row, Value } from '../types/value.js';
import type { ParameterValue } from './parameters.js';
import { runBoundCommand } from './dispatch.js';
import { PreparedStatement, type StatementSetting } from './prepared-statement.js';
import type { TransitionTable } from '../executor/services.js';
import { type Inheritors, lockQuery } from './relation-locks.js';
import { openStatement, planStatement } from './run-statement.js';
import { rowSource } from './portal.js';
import { executeParameters } from './commands/prepare.js';
import type { Session } from './session.js';
import { sqlFunctionBody } from './sql-function-body.js';

/** Binds a parse tree; unknown parameter types are inferred from use. No types (null): the text can have no parameters. */
export function analyzeStatement(
  session: Session,
  statement: Node,
  sourceText: string,
  declaredTypes: readonly number[] | null,
): { readonly bound: BoundStatement; readonly parameterTypes: readonly number[] } {
  const parameterTypes = [...(declaredTypes ?? [])];
  const bound = analyze(statement, analyzerContext(session, sourceText, parameterTypes, declaredTypes !== null));
  return { bound, parameterTypes };
}

function analyzerContext(
  session: Session,
  sourceText: string,
  parameterTypes: number[],
  variableParameters: boolean,
): AnalyzerContext {
  return {
    catalog: session.catalog,
    sourceText,
    parameterTypes,
    variableParameters,
    notice: (notice) => session.notice(notice),
  };
}

/** Rewrites a bound query; one that becomes several needs rules, which can't be made yet. */
export function rewriteOne(session: Session, query: Query): Query {
  const queries = rewrite(query, { catalog: session.catalog });
  const [only] = queries;
  if (queries.length !== 1 || !only) throw notSupported('a rule that turns a statement into several');
  return only;
}

/** Plans a rewritten query, for the given parameter values or (null) for any. */
export function planQuery(
  session: Session,
  query: Query,
  parameters: readonly ParameterValue[] | null,
  options: { readonly withoutIndexes?: boolean; readonly inheritors?: Inheritors } = {},
): PlannedStatement {
  const { withoutIndexes = false, inheritors } = options;
  return plan(query, {
    withoutIndexes,
    catalog: inheritors === undefined ? session.catalog : withInheritors(session.catalog, inheritors),
    setting: (name) => session.settings.find(name),
    evaluate: (expression) => evaluate(session, expression),
    parameters,
    readTree: treeFromJson,
    sqlFunctionBody: (functionOid, argTypes) => sqlFunctionBody(session, functionOid, argTypes),
    userId: session.users.userId,
    checkInterrupts: () => session.checkInterrupts(),
  });
}

/** The catalogs, save that these parents have the given children. */
function withInheritors(catalog: Catalog, inheritors: Inheritors): Catalog {
  return Object.assign(Object.create(catalog) as Catalog, {
    inheritors: (relation: number) => inheritors.get(relation) ?? catalog.inheritors(relation),
  });
}

/** Opens a plan in the current transaction, under a new statement view. */
export function openPlan(
  session: Session,
  planned: PlannedStatement,
  parameters: readonly ParameterValue[],
  instrument = false,
  setting: StatementSetting | null = null,
): Execution {
  return startExecution(planned, executionContext(session, parameters, instrument, setting));
}

/** What a statement that starts now runs under. */
export function executionContext(
  session: Session,
  parameters: readonly ParameterValue[] = [],
  instrument = false,
  setting: StatementSetting | null = null,
): ExecutionContext {
  return new StatementContext(session, session.transactions.ensure(), parameters, instrument, setting);
}

class StatementContext implements ExecutionContext {
  readonly catalog;
  readonly store;
  readonly view;
  readonly io;
  readonly userId;
  readonly transitionTables: readonly TransitionTable[];
  private runner: SubqueryRunner | null = null;

  constructor(
    readonly session: Session,
    readonly transaction: Transaction,
    readonly parameters: readonly ParameterValue[],
    readonly instrument: boolean,
    setting: StatementSetting | null,
  ) {
    this.catalog = session.catalog;
    this.store = session.store;
    this.view = setting?.view ?? transaction.statementView();
    this.transitionTables = setting?.transitionTables ?? [];
    this.io = session.catalog.io;
    this.userId = session.users.userId;
  }

  get workMemBytes(): number {
    return this.session.settings.int('work_mem') * 1024;
  }

  get pipelines(): PipelineSettings {
    return pipelineSettings(this.session);
  }

  get subqueries(): SubqueryRunner {
    this.runner ??= subqueryRunner(this.session);
    return this.runner;
  }

  checkInterrupts(): void {
    this.session.checkInterrupts();
  }

  get memory(): MemoryAccount {
    return this.session.memory;
  }

  yieldToEventLoop(): Promise<void> | undefined {
    const wait = this.session.timeSlice.yieldIfOver(timeSliceMs);
    if (wait !== undefined) checkHeap(this.session.memory);
    return wait;
  }
}

/** How far a session's statements may run as native pipelines. */
export function pipelineSettings(session: Session): PipelineSettings {
  return {
    mode: session.settings.text('heliosdb.native_pipelines') as PipelineSettings['mode'],
    threadCount: session.settings.int('max_parallel_workers_per_gather') + 1,
  };
}

/** What the short way of SELECTs by key runs under, for the session's life. */
export function pointContext(session: Session): PointContext {
  return {
    catalog: session.catalog,
    store: session.store,
    session,
    io: session.catalog.io,
    workMemBytes: session.settings.int('work_mem') * 1024,
    pipelines: pipelineSettings(session),
    memory: session.memory,
    checkInterrupts: () => session.checkInterrupts(),
    yieldToEventLoop: () => undefined,
    subqueries: subqueryRunner(session),
    instrument: false,
    statistics: session.statistics,
    userId: () => session.users.userId,
  };
}

export function subqueryRunner(session: Session): SubqueryRunner {
  return {
    plan: (query) => planQuery(session, rewriteOne(session, query), null),
    expression: (json) => treeFromJson(json) as Expression,
    sqlFunctionBody: (functionOid, argTypes) => sqlFunctionBody(session, functionOid, argTypes) ?? [],
  };
}

/** Evaluates an expression without Vars. */
export function evaluate(session: Session, expression: Expression): Value | Promise<Value> {
  return evaluateExpression(expression, executionContext(session));
}

/** EXECUTE's nth argument, bound and coerced to the parameter's type. */
export function analyzeExecuteArgument(session: Session, argument: Node, type: number, number: number): Expression {
  const target = { type, typmod: -1, collation: 0, columnName: `$${number}` };
  return analyzeExpression(
    argument,
    { use: 'executeParameter', relation: 0, target },
    analyzerContext(session, session.queryString, [], false),
  );
}

/** Oid of a type as PREPARE names it. */
export function typeNamed(session: Session, name: Parameters<typeof resolveTypeName>[1]): number {
  return resolveTypeName(analyzerContext(session, session.queryString, [], false), name).type;
}

/** What a command runs with. */
export function commandContext(
  session: Session,
  sourceText: string,
  parameters: readonly ParameterValue[],
): CommandContext {
  return {
    catalog: session.catalog,
    store: session.store,
    transaction: session.transactions.ensure(),
    session,
    userId: session.users.userId,
    sessionUserId: session.users.sessionUserId,
    isSuperuser: session.isSuperuser,
    parameters,
    sourceText,
    isTopLevel: !session.transactions.isInAnyBlock && session.procedural.context.isEmpty,
    isInFunction: !session.procedural.context.isEmpty,
    isAtomic: session.procedural.context.isEmpty ? session.transactions.isInAnyBlock : session.procedural.atomic,
    commitAlone: () => session.transactions.commitAlone(),
    notice: (notice) => session.notice(notice),
    corridor: corridorOf(session, sourceText),
  };
}

function corridorOf(session: Session, sourceText: string): Corridor {
  const context = (text: string, types: readonly number[] = []) => analyzerContext(session, text, [...types], false);
  return {
    analyzeSql: (sql, types) => parse(sql).statements.map((raw) => analyze(raw.statement, context(sql, types))),
    analyzeStatement: (statement, text, types) => analyze(statement, context(text, types)),
    analyzeExpression: (expression, scope, text) => analyzeExpression(expression, scope, context(text)),
    resolveTypeName: (name) => resolveTypeName(context(session.queryString), name),
    supportFunction: (names, argTypes) => findSupportFunction(session.catalog, names, argTypes),
    parseSql: (sql) => parse(sql).statements.map((raw) => raw.statement),
    analyzeInFunction: (statement, text, fn) =>
      analyze(statement, { ...context(text, fn.argTypes), resolveName: (names) => argumentOf(session, fn, names) }),
    fitFunctionResult: (query, declared) => coerceFunctionResult(query, declared, context(sourceText)),
    rewrite: (query) => rewrite(query, { catalog: session.catalog }),
    lock: (query) => lockQuery(session, query),
    plan: (query, parameters) => planQuery(session, query, parameters ?? null),
    planWithoutIndexes: (query) => planQuery(session, query, null, { withoutIndexes: true }),
    open: (planned, parameters = [], instrument = false) => openPlan(session, planned, parameters, instrument),
    executionContext: () => executionContext(session),
    executed: (statement) => executedQuery(session, statement),
    runSql: (sql) => runSql(session, sql),
    async runCommand(statement) {
      const bound = analyze(statement, context(session.queryString));
      assert(bound.kind === 'command', 'only commands run within commands');
      await runBoundCommand(session, bound, sourceText, []);
      session.transactions.current?.advanceCommand();
    },
    evaluate: async (expression) => evaluate(session, expression),
    deparseExpression: (expression, relation) =>
      expressionText(session.catalog, expression, relation, { pretty: false }),
  };
}

/** EXPLAIN EXECUTE's and CREATE TABLE AS EXECUTE's query. */
async function executedQuery(session: Session, statement: ExecuteStmt): Promise<ExecutedQuery> {
  const prepared = session.requireStatement(statement.name ?? '');
  const parameters = await executeParameters(session, prepared, statement);
  const bound = prepared.bind(session);
  if (bound.kind !== 'query') throw pgError(SqlState.wrongObjectType, 'prepared statement is not a SELECT');
  const planned = await planStatement(session, prepared, parameters);
  if (planned === null) throw new Error('invariant broken: a query without a plan');
  return { query: bound.query, planned, parameters };
}

/** An argument of a function being created, by its name or by function.name. */
function argumentOf(session: Session, fn: FunctionScope, names: readonly string[]): Expression | null {
  const [first, second] = names;
  const name = names.length === 2 && first === fn.name ? second : names.length === 1 ? first : undefined;
  const index = name === undefined || name === '' ? -1 : fn.argNames.indexOf(name);
  const type = fn.argTypes[index];
  if (index < 0 || type === undefined) return null;
  const { collation } = session.catalog.typeByOid(type);
  return { kind: 'Param', paramKind: 'extern', id: index + 1, type, typmod: -1, collation, location: -1 };
}

/** Runs SQL text of our own to its end in the current transaction; the rows of its last statement. */
export async function runSql(session: Session, sql: string): Promise<readonly Row[]> {
  let rows: Row[] = [];
  for (const raw of parse(sql).statements) {
    const prepared = new PreparedStatement({
      name: '',
      sourceText: sql,
      queryString: sql,
      raw,
      declaredTypes: null,
      fromSql: true,
      preparedAt: session.statementTimestamp,
    });
    session.transactions.ensure();
    const source = rowSource(await openStatement(session, prepared, []));
    rows = [];
    if (source) {
      for (let batch = await source.next(4096); batch !== null; batch = await source.next(4096)) rows.push(...batch);
      await source.close();
    }
    session.transactions.current?.advanceCommand();
  }
  return rows;
}
