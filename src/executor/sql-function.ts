// Functions written in SQL: their statements are planned once per call site and run in order; the last one's rows are the
// result. Volatile functions see their own writes and newer commits, others the caller's view.
import { functionDepthMax } from '../base/limits.js';
import { withContext } from '../errors/context.js';
import { type PgError, SqlState, pgError } from '../errors/pg-error.js';
import type { SessionServices } from '../functions/call-info.js';
import { lockModeName } from '../transaction/lock-modes.js';
import type { Row, Value } from '../types/value.js';
import { rowBytes } from '../types/value-size.js';
import { PgRecord } from '../types/value.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { ExecutionContext, Execution } from './api.js';
import { startExecution } from './execute.js';
import { baseType } from './operators.js';
import { statisticsService } from '../functions/server-services.js';
import { type FunctionCallSite, functionSettings } from './services.js';
import type { RunState } from './state.js';

/** Calls a SQL function for its single value: the first column (or all, as a record) of the last statement's first row. */
export async function callSqlFunction(x: RunState, site: FunctionCallSite, args: readonly Value[]): Promise<Value> {
  let result: Value = null;
  await runBody(x, site, args, async (execution) => {
    const rows = await execution.next(1);
    const row = rows?.[0];
    result = row === undefined ? null : resultOf(x, site, execution, row);
  });
  return result;
}

/** Rows of a set-returning SQL function: single values, or arrays of column values where there are several columns. */
export async function sqlFunctionRows(
  x: RunState,
  site: FunctionCallSite,
  args: readonly Value[],
): Promise<readonly unknown[]> {
  const results: unknown[] = [];
  await runBody(x, site, args, async (execution) => {
    const isComposite = returnsComposite(x, site);
    for (let rows = await execution.next(4096); rows !== null; rows = await execution.next(4096)) {
      for (const row of rows) {
        x.memory.charge(rowBytes(row));
        if (isComposite && execution.columns.length === 1 && row[0] instanceof PgRecord) results.push(row[0]);
        else results.push(isComposite ? row : (row[0] ?? null));
      }
    }
  });
  return results;
}

async function runBody(
  x: RunState,
  site: FunctionCallSite,
  args: readonly Value[],
  last: (execution: Execution) => Promise<void>,
): Promise<void> {
  const { descriptor } = site;
  const { session } = x.context;
  const calls = callsOf(session);
  if (calls.depth >= functionDepthMax) throw stackDepthExceeded();
  calls.depth += 1;
  const counted = session.service(statisticsService).functionCalled(descriptor.oid, 'all');
  try {
    x.context.checkInterrupts();
    await x.context.yieldToEventLoop();
    const leave = descriptor.config.length === 0 ? null : session.service(functionSettings).enter(descriptor.config);
    try {
      await runStatements(x, site, args, last);
      counted?.();
    } finally {
      leave?.();
    }
  } finally {
    calls.depth -= 1;
    if (calls.depth === 0) calls.plans.clear();
  }
}

/** Calls under way within each other. */
interface Calls {
  depth: number;
  /** Plans of bodies, by function and argument types, as long as a call is under way: a function that calls itself is
   *  planned once. */
  readonly plans: Map<string, readonly PlannedStatement[]>;
}

/** By session: it runs one statement at a time. */
const callsBySession = new WeakMap<SessionServices, Calls>();

function callsOf(session: SessionServices): Calls {
  let calls = callsBySession.get(session);
  if (calls === undefined) {
    calls = { depth: 0, plans: new Map() };
    callsBySession.set(session, calls);
  }
  return calls;
}

function stackDepthExceeded(): PgError {
  return pgError(SqlState.statementTooComplex, 'stack depth limit exceeded', {
    hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
  });
}

async function runStatements(
  x: RunState,
  site: FunctionCallSite,
  args: readonly Value[],
  last: (execution: Execution) => Promise<void>,
): Promise<void> {
  const { descriptor } = site;
  const planned = await lockedBody(x, site);
  const parameters = args.map((value, n) => ({ type: site.argTypes[n] ?? 0, value }));
  const { config, owner, securityDefiner } = descriptor;
  const chosen = config.length === 0 ? null : x.context.session.service(functionSettings).userOf(config);
  const userId = chosen ?? (securityDefiner ? owner : x.context.userId);
  for (const [n, statement] of planned.entries()) {
    // The caller's context, with some things different.
    const own = { parameters, userId, view: viewOf(x, site), instrument: false };
    const context = Object.create(x.context, Object.getOwnPropertyDescriptors(own)) as ExecutionContext;
    const execution = startExecution(statement, context);
    try {
      if (n === planned.length - 1 && execution.columns.length > 0) await last(execution);
      else while ((await execution.next(4096)) !== null);
    } catch (error) {
      throw withContext(error, `SQL function "${descriptor.name}" statement ${n + 1}`);
    } finally {
      await execution.close();
    }
  }
}

function during<T>(name: string, step: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw withContext(error, `SQL function "${name}" ${step}`);
  }
}

function viewOf(x: RunState, site: FunctionCallSite): ExecutionContext['view'] {
  if (site.descriptor.volatility !== 'v') return x.context.view;
  x.context.transaction.advanceCommand();
  return x.context.transaction.statementView();
}

/** The body's plans, their relations locked; made again where the catalogs moved while a lock was waited for. */
async function lockedBody(x: RunState, site: FunctionCallSite): Promise<readonly PlannedStatement[]> {
  const { catalog, transaction } = x.context;
  const { name } = site.descriptor;
  let planned = during(name, 'during startup', () => plannedBody(x, site));
  for (;;) {
    const version = catalog.version();
    let hasWaited = false;
    for (const rte of planned.flatMap((statement) => statement.rangeTable)) {
      if (rte.kind !== 'relation') continue;
      const wait = transaction.lockRelation(rte.relation, lockModeName(rte.lockMode));
      if (wait === undefined) continue;
      hasWaited = true;
      await wait;
    }
    if (!hasWaited || catalog.version() === version) return planned;
    planned = during(name, 'during startup', () => makePlans(x, site));
    callsOf(x.context.session).plans.set(planKey(site), planned);
  }
}

function plannedBody(x: RunState, site: FunctionCallSite): readonly PlannedStatement[] {
  const { plans } = callsOf(x.context.session);
  const key = planKey(site);
  const known = plans.get(key);
  if (known !== undefined) return known;
  const planned = planBody(x, site);
  plans.set(key, planned);
  return planned;
}

function planKey(site: FunctionCallSite): string {
  return `${site.descriptor.oid} ${site.argTypes.join()}`;
}

function planBody(x: RunState, site: FunctionCallSite): readonly PlannedStatement[] {
  return x.unit.cached(site, () => makePlans(x, site));
}

function makePlans(x: RunState, site: FunctionCallSite): readonly PlannedStatement[] {
  const { subqueries } = x.context;
  return subqueries.sqlFunctionBody(site.descriptor.oid, site.argTypes).map((query) => subqueries.plan(query));
}

function returnsComposite(x: RunState, site: FunctionCallSite): boolean {
  const type = baseType(x.context.catalog, site.resultType);
  return type.kind === 'c' || type.oid === 2249;
}

function resultOf(x: RunState, site: FunctionCallSite, execution: Execution, row: Row): Value {
  const type = baseType(x.context.catalog, site.resultType);
  if (type.oid === 2278) return null;
  if (!returnsComposite(x, site)) return row[0] ?? null;
  if (row.length === 1 && (row[0] instanceof PgRecord || row[0] === null)) return row[0];
  const named = type.attributes;
  const fields = execution.columns.map((column, n) => ({
    name: named[n]?.name ?? column.name,
    type: named[n]?.type ?? column.type.oid,
    typmod: named[n]?.typmod ?? column.typmod,
  }));
  return new PgRecord(type.oid, row, fields);
}
