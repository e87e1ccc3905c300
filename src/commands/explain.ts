// EXPLAIN: plans a statement (ANALYZE: runs it and measures), and answers with the plan in the format asked for.
import type { CreateTableAsStmt, ExplainStmt } from '@pgsql/types';
import type { NodeInstrumentation, TriggerInstrumentation } from '../executor/api.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import type { Row } from '../types/value.js';
import type { CommandContext, CommandResult } from './api.js';
import { createTableAsStatement, isAlreadyThere } from './create-table-as.js';
import { requirePermissions } from '../executor/execute.js';
import type { DescribeContext } from './explain/describe.js';
import { formatItems, type Item } from './explain/format.js';
import { PlanNames } from './explain/names.js';
import { explainOptions, type ExplainOptions } from './explain/options.js';
import { planItems, textLines } from './explain/plan-output.js';
import { triggerGroups, triggerLines } from './explain/triggers.js';
import { SerializeMeter } from './explain/serialize-meter.js';

const textType = 25;
const jsonType = 114;
const xmlType = 142;

/** Type of the QUERY PLAN column: text, json or xml by the FORMAT option. Throws as explainOptions. */
export function explainResultType(statement: ExplainStmt): number {
  const { format } = explainOptions(statement);
  return format === 'json' ? jsonType : format === 'xml' ? xmlType : textType;
}

/** EXPLAIN. `query`: the explained query as it was bound; null for a utility statement. */
export async function explainStatement(
  statement: ExplainStmt,
  context: CommandContext,
  query: Query | null,
): Promise<CommandResult> {
  const options = explainOptions(statement);
  const type = context.catalog.typeByOid(explainResultType(statement));
  const columns = [{ name: 'QUERY PLAN', type, typmod: -1, originTable: 0, originColumn: 0 }];
  const texts: string[] = [];
  const inner = statement.query;
  const create = inner !== undefined && 'CreateTableAsStmt' in inner ? inner.CreateTableAsStmt : null;
  const source = create === null ? inner : create.query;
  if (create !== null && (await isAlreadyThere(create, context))) {
    // There is nothing to run, so nothing to explain.
  } else if (create !== null && options.analyze) {
    texts.push(...(await explainCreation(create, context, query, options)));
  } else if (source !== undefined && 'ExecuteStmt' in source) {
    const started = performance.now();
    const executed = await context.corridor.executed(source.ExecuteStmt);
    const planningMs = performance.now() - started;
    texts.push(...(await explainPlanned(context, executed.planned, options, planningMs, executed.parameters)));
  } else if (query === null) {
    texts.push(...utilityOutput(options));
  } else {
    const started = performance.now();
    const queries = context.corridor.rewrite(query);
    if (queries.length === 0) texts.push('Query rewrites to nothing');
    for (const [index, item] of queries.entries()) {
      const planStart = index === 0 ? started : performance.now();
      const planned = options.genericPlan ? context.corridor.plan(item) : planFor(context, item);
      const planningMs = performance.now() - planStart;
      if (index > 0 && options.format === 'text') texts.push('');
      texts.push(...(await explainPlanned(context, planned, options, planningMs)));
    }
  }
  async function* rows(): AsyncIterable<readonly Row[]> {
    yield texts.map((line): Row => [line]);
  }
  return { kind: 'rows', columns, rows: rows(), tag: () => 'EXPLAIN' };
}

/** EXPLAIN ANALYZE CREATE TABLE AS makes the table. WITH NO DATA leaves the query's plan unexecuted. */
async function explainCreation(
  create: CreateTableAsStmt,
  context: CommandContext,
  query: Query | null,
  options: ExplainOptions,
): Promise<string[]> {
  const lines: string[] = [];
  const started = performance.now();
  await createTableAsStatement(create, context, query, (planned, counts) => {
    lines.push(
      ...planText(context, planned, options, {
        ...nothingRun,
        counts,
        planningMs: 0,
        executionMs: performance.now() - started,
      }),
    );
  });
  if (create.into?.skipData !== true) return lines;
  const source = create.query;
  if (source !== undefined && 'ExecuteStmt' in source) {
    const { planned } = await context.corridor.executed(source.ExecuteStmt);
    return planText(context, planned, options, { ...nothingRun, counts: [], planningMs: 0, executionMs: 0 });
  }
  const [rewritten] = query === null ? [] : context.corridor.rewrite(query);
  if (rewritten === undefined) return lines;
  return planText(context, planFor(context, rewritten), options, {
    ...nothingRun,
    counts: [],
    planningMs: 0,
    executionMs: 0,
  });
}

function planFor(context: CommandContext, query: Query): PlannedStatement {
  return context.corridor.plan(query, context.parameters.length === 0 ? undefined : context.parameters);
}

function utilityOutput(options: ExplainOptions): string[] {
  if (options.format === 'text') return ['Utility statements have no plan structure'];
  return [
    formatItems(
      [{ kind: 'value', label: 'Utility Statement', value: 'Utility statements have no plan structure' }],
      options.format,
    ),
  ];
}

async function explainPlanned(
  context: CommandContext,
  planned: PlannedStatement,
  options: ExplainOptions,
  planningMs: number,
  parameters = context.parameters,
): Promise<string[]> {
  const started = performance.now();
  if (!options.analyze) requirePermissions(planned, context.corridor.executionContext());
  const run = options.analyze ? await runInstrumented(context, planned, options, parameters) : nothingRun;
  return planText(context, planned, options, { ...run, planningMs, executionMs: performance.now() - started });
}

interface Measured {
  /** By node; null where the plan did not run. */
  readonly counts: readonly NodeInstrumentation[] | null;
  readonly triggers: readonly TriggerInstrumentation[];
  readonly serialized?: SerializeMeter | null;
  readonly planningMs: number;
  readonly executionMs: number;
}

const nothingRun = { counts: null, triggers: [], serialized: null };

function planText(
  context: CommandContext,
  planned: PlannedStatement,
  options: ExplainOptions,
  measured: Measured,
): string[] {
  const { counts: instrumentation, planningMs, executionMs } = measured;
  const describeContext: DescribeContext = {
    catalog: context.catalog,
    planned,
    names: new PlanNames(context.catalog, planned, options.verbose),
    options,
    instrumentation,
  };
  const settings = options.settings ? changedSettings(context) : [];
  if (options.format === 'text') {
    const lines = textLines(describeContext, planned.plan);
    if (settings.length > 0)
      lines.push(`Settings: ${settings.map(([name, value]) => `${name} = '${value}'`).join(', ')}`);
    if (options.memory) lines.push('Planning:', memoryLine());
    if (options.summary) lines.push(`Planning Time: ${planningMs.toFixed(3)} ms`);
    lines.push(...triggerLines(describeContext, measured.triggers));
    if (options.analyze && options.serialize !== 'none') {
      const time = options.timing ? `time=${(measured.serialized?.elapsedMs ?? 0).toFixed(3)} ms  ` : '';
      const output = measured.serialized?.kilobytes ?? 0;
      lines.push(`Serialization: ${time}output=${output}kB  format=${options.serialize}`);
    }
    if (options.analyze && options.summary) lines.push(`Execution Time: ${executionMs.toFixed(3)} ms`);
    return lines;
  }
  const items: Item[] = [{ kind: 'group', label: 'Plan', items: planItems(describeContext, planned.plan) }];
  if (settings.length > 0) {
    items.push({
      kind: 'group',
      label: 'Settings',
      items: settings.map(([label, value]) => ({ kind: 'value', label, value })),
    });
  }
  if (options.summary) items.push({ kind: 'value', label: 'Planning Time', value: planningMs, digits: 3 });
  if (options.analyze) {
    const groups = triggerGroups(describeContext, measured.triggers);
    items.push({ kind: 'groups', label: 'Triggers', each: 'Trigger', groups });
  }
  if (options.analyze && options.serialize !== 'none') {
    const time: Item = { kind: 'value', label: 'Time', value: measured.serialized?.elapsedMs ?? 0, digits: 3 };
    items.push({
      kind: 'group',
      label: 'Serialization',
      items: [
        ...(options.timing ? [time] : []),
        { kind: 'value', label: 'Output Volume', value: measured.serialized?.kilobytes ?? 0 },
        { kind: 'value', label: 'Format', value: options.serialize },
      ],
    });
  }
  if (options.analyze && options.summary)
    items.push({ kind: 'value', label: 'Execution Time', value: executionMs, digits: 3 });
  return [formatItems(items, options.format)];
}

function memoryLine(): string {
  const kilobytes = Math.ceil(process.memoryUsage().heapUsed / 1024);
  return `  Memory: used=${kilobytes}kB  allocated=${Math.ceil(process.memoryUsage().heapTotal / 1024)}kB`;
}

/** Settings that steer planning and differ from their defaults, by name. */
function changedSettings(context: CommandContext): readonly (readonly [string, string])[] {
  return plannerDefaults.flatMap(([name, standard]): (readonly [string, string])[] => {
    const value = context.session.setting(name);
    return value === null || value === standard ? [] : [[name, value]];
  });
}

const plannerDefaults: readonly (readonly [string, string])[] = [
  ['cpu_index_tuple_cost', '0.005'],
  ['cpu_operator_cost', '0.0025'],
  ['cpu_tuple_cost', '0.01'],
  ['effective_cache_size', '4GB'],
  ['enable_bitmapscan', 'on'],
  ['enable_hashagg', 'on'],
  ['enable_hashjoin', 'on'],
  ['enable_incremental_sort', 'on'],
  ['enable_indexonlyscan', 'on'],
  ['enable_indexscan', 'on'],
  ['enable_material', 'on'],
  ['enable_memoize', 'on'],
  ['enable_mergejoin', 'on'],
  ['enable_nestloop', 'on'],
  ['enable_seqscan', 'on'],
  ['enable_sort', 'on'],
  ['enable_tidscan', 'on'],
  ['from_collapse_limit', '8'],
  ['geqo', 'on'],
  ['geqo_threshold', '12'],
  ['hash_mem_multiplier', '2'],
  ['join_collapse_limit', '8'],
  ['plan_cache_mode', 'auto'],
  ['random_page_cost', '4'],
  ['search_path', '"$user", public'],
  ['seq_page_cost', '1'],
  ['work_mem', '4MB'],
];

async function runInstrumented(
  context: CommandContext,
  planned: PlannedStatement,
  options: ExplainOptions,
  parameters: CommandContext['parameters'],
): Promise<Pick<Measured, 'counts' | 'triggers' | 'serialized'>> {
  const execution = context.corridor.open(planned, parameters, true);
  const { serialize } = options;
  const meter = serialize === 'none' ? null : new SerializeMeter(execution.columns, serialize, context.catalog.io);
  try {
    for (let batch = await execution.next(4096); batch !== null; batch = await execution.next(4096)) meter?.add(batch);
    const { instrumentation, triggerInstrumentation } = execution;
    return { counts: instrumentation ?? [], triggers: triggerInstrumentation, serialized: meter };
  } finally {
    await execution.close();
  }
}
