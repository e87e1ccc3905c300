// SQL of functions, prepared: names that are variables become parameters numbered as the variables are. Expressions that
// need no query to be run are compiled by themselves.
import type { Node } from '@pgsql/types';
import type { AnalyzerContext } from '../../analyzer/context.js';
import { analyze } from '../../analyzer/analyze.js';
import { bindAssignment } from '../../analyzer/statements/variable-assignment.js';
import { chain, type Awaitable } from '../../base/awaitable.js';
import { commandName } from '../../commands/command-name.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { compileScalar } from '../../executor/expressions/compile.js';
import { checkExpression } from '../../executor/permissions.js';
import type { TransitionTable } from '../../executor/services.js';
import { nodeTag } from '../../trees/ast.js';
import type { Expression } from '../../trees/expression.js';
import type { PlannedStatement } from '../../trees/plan.js';
import type { Query } from '../../trees/query.js';
import type { BoundStatement } from '../../trees/statement.js';
import { walkExpression } from '../../trees/walk.js';
import type { Value } from '../../types/value.js';
import type {
  Column,
  Frame,
  OpenOptions,
  Prepared,
  RunningSql,
  VariableNames,
  VariableUse,
} from '../../procedural/host.js';
import type { FunctionFrame } from '../../procedural/run/frame.js';
import type { SqlText } from '../../procedural/tree.js';
import { planQuery } from '../corridor.js';
import type { ParameterValue } from '../parameters.js';
import { rowSource } from '../portal.js';
import { PreparedStatement } from '../prepared-statement.js';
import { openStatement } from '../run-statement.js';
import type { Session } from '../session.js';
import { type FrameContext, unitFor } from './frame-context.js';
import { parseSqlText, placed } from './sql-source.js';

/** Prepares a text that stands in a function. */
export function prepareSql(session: Session, sql: SqlText, names: VariableNames, frame: FunctionFrame): Prepared {
  const { parsedText, statements } = parseSqlText(sql);
  const [raw] = statements;
  if (raw === undefined) throw pgError(SqlState.syntaxError, 'missing SQL statement');
  const uses = new Map<number, VariableUse>();
  const bind = (): BoundStatement => {
    uses.clear();
    const { transitionTables } = frame.hostState as FrameContext;
    const context = bindingContext(session, parsedText, names, uses, transitionTables);
    return placed(sql, parsedText, () => bindNode(raw.statement, sql, names, context));
  };
  const statement = new PreparedStatement({
    name: '',
    sourceText: sql.text,
    queryString: parsedText,
    raw,
    declaredTypes: null,
    fromSql: false,
    preparedAt: session.statementTimestamp,
    bind,
  });
  return new SqlOfFunction(session, {
    statement,
    uses,
    tag: nodeTag(raw.statement),
    owner: frame.fn,
  });
}

function bindNode(node: Node, sql: SqlText, names: VariableNames, context: AnalyzerContext): BoundStatement {
  if (sql.use !== 'assignment' || names.target === null || sql.target === null) return analyze(node, context);
  const { target } = names;
  const indirection = targetIndirection(sql, sql.target.text, sql.target.nameCount);
  return { kind: 'query', query: bindAssignment(node, { ...target, indirection }, context) };
}

/** What of an assignment's target follows the variable: subscripts and fields. */
function targetIndirection(sql: SqlText, text: string, nameCount: number): readonly Node[] {
  const { statements } = parseSqlText({ ...sql, text, sourceAt: 0, use: 'expression' });
  const node = statements[0]?.statement;
  if (node === undefined || !('SelectStmt' in node)) return [];
  const target = node.SelectStmt.targetList?.[0];
  const value = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
  if (value === undefined) return [];
  if ('ColumnRef' in value) return (value.ColumnRef.fields ?? []).slice(nameCount);
  if (!('A_Indirection' in value)) return [];
  const { arg, indirection = [] } = value.A_Indirection;
  const own = arg !== undefined && 'ColumnRef' in arg ? (arg.ColumnRef.fields ?? []).slice(nameCount) : [];
  return [...own, ...indirection];
}

function bindingContext(
  session: Session,
  sourceText: string,
  names: VariableNames,
  uses: Map<number, VariableUse>,
  transitions: readonly TransitionTable[],
): AnalyzerContext {
  const parameter = (use: VariableUse | null, location: number): Expression | null => {
    if (use === null) return null;
    uses.set(use.number, use);
    const { type, typmod, collation } = use;
    return { kind: 'Param', paramKind: 'extern', id: use.number + 1, type, typmod, collation, location };
  };
  const { target } = names;
  if (target !== null) uses.set(target.number, target);
  return {
    catalog: session.catalog,
    sourceText,
    parameterTypes: [],
    variableParameters: false,
    notice: (notice) => session.notice(notice),
    nameConflict: names.conflict,
    resolveName: (parts, location, required = true) => parameter(names.find(parts, required), location),
    resolveParameter: (number, location) => parameter(names.argument(number), location),
    ...(transitions.length === 0
      ? {}
      : { transitionTables: new Map(transitions.map(({ name, relation }) => [name, relation.oid])) }),
  };
}

interface Parts {
  readonly statement: PreparedStatement;
  readonly uses: ReadonlyMap<number, VariableUse>;
  readonly tag: string;
  readonly owner: object;
}

class SqlOfFunction implements Prepared {
  readonly evaluate: Prepared['evaluate'];
  readonly isMutable: boolean;
  readonly columns: readonly Column[] | null;
  readonly modifies: boolean;
  readonly uses: readonly VariableUse[];
  readonly tag: string;
  private readonly statement: PreparedStatement;

  constructor(
    private readonly session: Session,
    { statement, uses, tag, owner }: Parts,
  ) {
    this.statement = statement;
    this.tag = tag;
    const bound = statement.bind(session);
    this.modifies = bound.kind === 'query' && bound.query.commandType !== 'select';
    this.columns = statementColumns(session, statement);
    const simple = bound.kind === 'query' ? simpleExpression(session, bound.query, owner) : null;
    this.evaluate = simple?.evaluate ?? null;
    this.isMutable = simple?.isMutable ?? true;
    this.uses = [...uses.values()];
  }

  get outputs(): NonNullable<Prepared['outputs']> {
    const bound = this.statement.bind(this.session);
    if (bound.kind !== 'command' || bound.call === undefined) return [];
    return bound.call.outputs.map(({ name, expression }) => ({
      name,
      variable: expression.kind === 'Param' && expression.paramKind === 'extern' ? expression.id - 1 : null,
    }));
  }

  get command(): string {
    return commandOf(this.statement.bind(this.session));
  }

  isCurrent(): boolean {
    return this.statement.isCurrent(this.session);
  }

  open(frame: Frame, options?: OpenOptions): Awaitable<RunningSql> {
    return openInFrame(this.session, this.statement, frame, this.parameters(frame), options);
  }

  /** The portal of a cursor runs it. */
  get prepared(): PreparedStatement {
    return this.statement;
  }

  parameters(frame: Frame): readonly ParameterValue[] {
    const { uses } = this;
    if (uses.length === 0) return [];
    const parameters: ParameterValue[] = [];
    for (const { number, type } of uses) parameters[number] = { type, value: frame.values[number] ?? null };
    for (let index = 0; index < parameters.length; index++) parameters[index] ??= noParameter;
    return parameters;
  }
}

const noParameter: ParameterValue = { type: 0, value: null };

/** Result columns of a prepared statement. */
export function statementColumns(session: Session, statement: PreparedStatement): readonly Column[] | null {
  const columns = statement.columns(session);
  return columns === null ? null : columns.map(({ name, type, typmod }) => ({ name, type: type.oid, typmod }));
}

/** Opens a statement as part of a function. Throws 0A000 where the function may not write. */
export function openInFrame(
  session: Session,
  statement: PreparedStatement,
  frame: Frame,
  parameters: readonly ParameterValue[],
  options: OpenOptions = {},
): Awaitable<RunningSql> {
  const bound = statement.bind(session);
  if (frame.isReadOnly) requireReadOnly(bound);
  const context = (frame as FunctionFrame).hostState as FrameContext;
  statement.setting = {
    view: frame.isReadOnly ? context.callerView : null,
    transitionTables: context.transitionTables,
  };
  if (!frame.isReadOnly) session.transactions.ensure().advanceCommand();
  session.procedural.atomic = options.mayEndTransaction !== true || (frame as FunctionFrame).isAtomic;
  return chain(openStatement(session, statement, parameters), (open) => {
    const source = rowSource(open);
    if (source === null) {
      const tag = open.kind === 'command' && open.result.kind === 'done' ? open.result.tag : '';
      return finished(countOf(tag));
    }
    const columns = source.columns.map(({ name, type, typmod }) => ({ name, type: type.oid, typmod }));
    const running: RunningSql = {
      columns,
      next: (count) => source.next(count),
      close: () => source.close(),
      get processed() {
        return open.kind === 'query' ? open.execution.processedRowCount : 0;
      },
    };
    return options.isLoop === true ? session.procedural.pin(running) : running;
  });
}

function finished(processed: number): RunningSql {
  return { columns: [], next: () => null, close: () => undefined, processed };
}

/** Rows that a command's tag tells of. */
function countOf(tag: string): number {
  const match = /^(?:SELECT|COPY) (\d+)$/.exec(tag);
  return match === null ? 0 : Number(match[1]);
}

/** 0A000: functions that are not volatile don't write. */
function requireReadOnly(bound: BoundStatement): void {
  const name = writingCommand(bound);
  if (name === null) return;
  throw pgError(SqlState.featureNotSupported, `${name} is not allowed in a non-volatile function`);
}

function writingCommand(bound: BoundStatement): string | null {
  if (bound.kind === 'command') return commandOf(bound);
  const { query } = bound;
  if (query.commandType !== 'select') return query.commandType.toUpperCase();
  const [mark] = query.rowMarks;
  if (mark !== undefined) {
    const strengths = { update: 'UPDATE', noKeyUpdate: 'NO KEY UPDATE', share: 'SHARE', keyShare: 'KEY SHARE' };
    return `SELECT FOR ${strengths[mark.strength]}`;
  }
  return query.hasModifyingCte ? 'SELECT' : null;
}

/** A SELECT of one expression and nothing else, compiled; null for any other query. */
function simpleExpression(
  session: Session,
  query: Query,
  owner: object,
): Pick<Prepared, 'evaluate' | 'isMutable'> | null {
  if (!isSimple(query)) return null;
  const planned = planQuery(session, query, null);
  const expression = onlyExpression(planned);
  if (expression === null) return null;
  const unit = unitFor(session, owner);
  const program = compileScalar(unit, expression);
  if (program.initParams.length > 0) return null;
  const isMutable = callsMutable(session, expression);
  let checkedFor = -1;
  const evaluate = (frame: Frame): Awaitable<Value> => {
    const context = (frame as FunctionFrame).hostState as FrameContext;
    if (checkedFor !== session.users.userId) {
      checkExpression(expression, context);
      checkedFor = session.users.userId;
    }
    if (isMutable) context.refresh();
    return program.run(context.stateFor(unit, frame as FunctionFrame), null) as Awaitable<Value>;
  };
  return { evaluate, isMutable };
}

function isSimple(query: Query): boolean {
  return (
    query.commandType === 'select' &&
    query.rangeTable.length === 0 &&
    query.ctes.length === 0 &&
    query.targetList.length === 1 &&
    query.joinTree.quals === null &&
    query.having === null &&
    query.limitCount === null &&
    query.limitOffset === null &&
    query.setOperations === null &&
    query.groupClause.length === 0 &&
    query.groupingSets.length === 0 &&
    query.distinctClause.length === 0 &&
    query.sortClause.length === 0 &&
    !query.hasAggregates &&
    !query.hasWindowFunctions &&
    !query.hasTargetSets &&
    !query.hasSubLinks
  );
}

function onlyExpression(planned: PlannedStatement): Expression | null {
  const { plan } = planned;
  if (plan.kind !== 'Result' || plan.outer !== null || plan.constantQual.length > 0 || plan.qual.length > 0)
    return null;
  if (planned.subplans.length > 0) return null;
  return plan.targetList[0]?.expr ?? null;
}

function callsMutable(session: Session, expression: Expression): boolean {
  let isMutable = false;
  const see = (oid: number): void => {
    if (session.catalog.function(oid)?.volatility !== 'i') isMutable = true;
  };
  walkExpression(expression, (node) => {
    if (node.kind === 'FuncExpr') see(node.function);
    if (node.kind === 'OpExpr' || node.kind === 'DistinctExpr' || node.kind === 'NullIfExpr') {
      see(node.function === 0 ? (session.catalog.operator(node.operator)?.function ?? 0) : node.function);
    }
    if (node.kind === 'CoerceViaIO' || node.kind === 'CoerceToDomain') isMutable = true;
    return undefined;
  });
  return isMutable;
}

/** A statement's name in messages. */
export function commandOf(bound: BoundStatement): string {
  if (bound.kind === 'query') return bound.query.commandType.toUpperCase();
  return commandName(bound.tag, (bound.statement as Readonly<Record<string, unknown>>)[bound.tag]);
}
