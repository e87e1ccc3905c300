// What EXPLAIN says of one plan node: its title in text form, its identifying properties for the structured formats, and
// the details beneath it in PostgreSQL's order.
import type { Catalog } from '../../catalog/api.js';
import type { NodeInstrumentation } from '../../executor/api.js';
import { type Expression, indexVar } from '../../trees/expression.js';
import type { Plan, PlannedStatement, SortKey } from '../../trees/plan.js';
import { quoteIdentifier } from '../../types/quote.js';
import type { ExplainOptions } from './options.js';
import type { PlanNames } from './names.js';
import { runFacts } from './run-facts.js';

export interface Detail {
  readonly label: string;
  readonly value: string | number | boolean | readonly string[];
  /** Shown in the text format only, or in the structured ones only. */
  readonly only?: 'text' | 'structured';
}

export interface Description {
  readonly title: string;
  /** The tables that a data change of an inheritance tree writes, as the text format lists them. */
  readonly targets?: readonly string[];
  /** Structured formats: Node Type, Join Type, Relation Name, ... */
  readonly identity: readonly Detail[];
  readonly details: readonly Detail[];
}

export interface DescribeContext {
  readonly catalog: Catalog;
  readonly planned: PlannedStatement;
  readonly names: PlanNames;
  readonly options: ExplainOptions;
  readonly instrumentation: readonly NodeInstrumentation[] | null;
}

const plainTitles: Partial<Record<Plan['kind'], string>> = {
  Result: 'Result',
  ProjectSet: 'ProjectSet',
  Append: 'Append',
  MergeAppend: 'Merge Append',
  RecursiveUnion: 'Recursive Union',
  BitmapAnd: 'BitmapAnd',
  BitmapOr: 'BitmapOr',
  SeqScan: 'Seq Scan',
  SampleScan: 'Sample Scan',
  IndexScan: 'Index Scan',
  IndexOnlyScan: 'Index Only Scan',
  BitmapIndexScan: 'Bitmap Index Scan',
  BitmapHeapScan: 'Bitmap Heap Scan',
  TidScan: 'Tid Scan',
  TidRangeScan: 'Tid Range Scan',
  SubqueryScan: 'Subquery Scan',
  FunctionScan: 'Function Scan',
  ValuesScan: 'Values Scan',
  CteScan: 'CTE Scan',
  NamedTuplestoreScan: 'Named Tuplestore Scan',
  WorkTableScan: 'WorkTable Scan',
  Hash: 'Hash',
  Material: 'Materialize',
  Memoize: 'Memoize',
  Sort: 'Sort',
  IncrementalSort: 'Incremental Sort',
  Group: 'Group',
  WindowAgg: 'WindowAgg',
  Unique: 'Unique',
  LockRows: 'LockRows',
  Limit: 'Limit',
};

const joinWords = {
  inner: '',
  left: ' Left',
  right: ' Right',
  full: ' Full',
  semi: ' Semi',
  anti: ' Anti',
  rightAnti: ' Right Anti',
} as const;
const setOpWords = {
  intersect: 'Intersect',
  intersectAll: 'Intersect All',
  except: 'Except',
  exceptAll: 'Except All',
} as const;
const operationWords = { insert: 'Insert', update: 'Update', delete: 'Delete', merge: 'Merge' } as const;

/** Describes a node. */
export function describe(context: DescribeContext, plan: Plan): Description {
  const { title, identity } = naming(context, plan);
  const described = { title, identity, details: details(context, plan) };
  if (plan.kind !== 'ModifyTable' || plan.members === undefined) return described;
  const word = operationWords[plan.operation];
  const targets = plan.members.map((member) => `${word} on ${scanTarget(context, member.resultRelation).text}`);
  return { ...described, targets };
}

function naming(context: DescribeContext, plan: Plan): { title: string; identity: Detail[] } {
  switch (plan.kind) {
    case 'NestLoop':
    case 'HashJoin':
    case 'MergeJoin': {
      const type = plan.kind === 'NestLoop' ? 'Nested Loop' : plan.kind === 'HashJoin' ? 'Hash' : 'Merge';
      const word = joinWords[plan.joinType];
      const isLoop = plan.kind === 'NestLoop';
      const title = isLoop ? `${type}${word === '' ? '' : `${word} Join`}` : `${type}${word} Join`;
      const nodeType = isLoop ? type : `${type} Join`;
      return { title, identity: [node(nodeType), { label: 'Join Type', value: word === '' ? 'Inner' : word.trim() }] };
    }
    case 'Agg': {
      const titles = { plain: 'Aggregate', sorted: 'GroupAggregate', hashed: 'HashAggregate', mixed: 'MixedAggregate' };
      const words = { plain: 'Plain', sorted: 'Sorted', hashed: 'Hashed', mixed: 'Mixed' };
      return {
        title: titles[plan.strategy],
        identity: [
          node('Aggregate'),
          { label: 'Strategy', value: words[plan.strategy] },
          { label: 'Partial Mode', value: 'Simple' },
        ],
      };
    }
    case 'SetOp': {
      const command = setOpWords[plan.command];
      return {
        title: `${plan.strategy === 'hashed' ? 'HashSetOp' : 'SetOp'} ${command}`,
        identity: [
          node('SetOp'),
          { label: 'Strategy', value: plan.strategy === 'hashed' ? 'Hashed' : 'Sorted' },
          { label: 'Command', value: command },
        ],
      };
    }
    case 'ModifyTable': {
      const word = operationWords[plan.operation];
      const target = scanTarget(context, plan.resultRelation);
      return {
        title: `${word} on ${target.text}`,
        identity: [node('ModifyTable'), { label: 'Operation', value: word }, ...target.identity],
      };
    }
    default:
      return scanNaming(context, plan);
  }
}

function node(type: string): Detail {
  return { label: 'Node Type', value: type };
}

function scanNaming(context: DescribeContext, plan: Plan): { title: string; identity: Detail[] } {
  const type = plainTitles[plan.kind] ?? plan.kind;
  if (!('scanRtIndex' in plan)) return { title: type, identity: [node(type)] };
  const index = 'index' in plan ? (context.catalog.relation(plan.index)?.name ?? '') : '';
  if (plan.kind === 'BitmapIndexScan') {
    return {
      title: `${type} on ${quoteIdentifier(index)}`,
      identity: [node(type), { label: 'Index Name', value: index }],
    };
  }
  // PostgreSQL doesn't say which transition table it is.
  if (plan.kind === 'NamedTuplestoreScan') return { title: type, identity: [node(type)] };
  const target = scanTarget(context, plan.scanRtIndex);
  if (plan.kind === 'IndexScan' || plan.kind === 'IndexOnlyScan') {
    const backward = plan.direction === 'backward' ? ' Backward' : '';
    return {
      title: `${type}${backward} using ${quoteIdentifier(index)} on ${target.text}`,
      identity: [
        node(type),
        { label: 'Scan Direction', value: plan.direction === 'backward' ? 'Backward' : 'Forward' },
        { label: 'Index Name', value: index },
        ...target.identity,
      ],
    };
  }
  return { title: `${type} on ${target.text}`, identity: [node(type), ...target.identity] };
}

function scanTarget(context: DescribeContext, rtIndex: number): { text: string; identity: Detail[] } {
  const rte = context.planned.rangeTable[rtIndex - 1];
  const alias = context.names.nameOf(rtIndex);
  const identity: Detail[] = [];
  let name: string | null = null;
  let schema: string | null = null;
  if (rte?.kind === 'relation') {
    const relation = context.catalog.relation(rte.relation);
    name = relation?.name ?? null;
    // The session's own temporary schema goes by its alias.
    if (context.options.verbose) schema = relation?.schemaName.replace(/^pg_temp_\d+$/, 'pg_temp') ?? null;
    identity.push({ label: 'Relation Name', value: name ?? '' });
  } else if (rte?.kind === 'function') {
    const [only] = rte.functions;
    if (rte.functions.length === 1 && only?.expr.kind === 'FuncExpr') {
      const fn = context.catalog.function(only.expr.function);
      name = fn?.name ?? null;
      if (context.options.verbose && fn) schema = context.catalog.namespace(fn.schema)?.name ?? null;
      identity.push({ label: 'Function Name', value: name ?? '' });
    }
  } else if (rte?.kind === 'cte') {
    name = rte.cteName;
    identity.push({ label: 'CTE Name', value: name });
  } else if (rte?.kind === 'values') name = null;
  if (schema !== null) identity.push({ label: 'Schema', value: schema });
  identity.push({ label: 'Alias', value: alias });
  const parts: string[] = [];
  if (name !== null)
    parts.push(schema === null ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
  if (name === null || name !== alias) parts.push(quoteIdentifier(alias));
  return { text: parts.join(' '), identity };
}

function details(context: DescribeContext, plan: Plan): Detail[] {
  const list: Detail[] = [];
  const { names, options } = context;
  const counts = context.instrumentation?.[plan.nodeId] ?? null;
  if (options.verbose && !isBitmap(plan) && !passesRows(plan)) {
    const texts = outputTexts(context, plan);
    if (texts.length > 0) list.push({ label: 'Output', value: texts });
  }
  if (options.verbose && plan.kind === 'ModifyTable' && plan.targetList.length > 0) {
    list.push({ label: 'Output', value: plan.targetList.map((entry) => names.outputText(plan, entry.expr)) });
  }
  if (
    (plan.kind === 'NestLoop' || plan.kind === 'HashJoin' || plan.kind === 'MergeJoin') &&
    (options.format !== 'text' || (options.verbose && plan.innerUnique))
  ) {
    list.push({ label: 'Inner Unique', value: plan.innerUnique });
  }
  const removed = (label: string, count: number | undefined): void => {
    if (counts === null || count === undefined) return;
    const loops = Math.max(1, counts.loopCount);
    if (count > 0 || options.format !== 'text') list.push({ label, value: Math.round(count / loops) });
  };
  const quals = (label: string, clauses: readonly Expression[], prefix: boolean): boolean => {
    if (clauses.length === 0) return false;
    list.push({ label, value: qualText(context, plan, clauses, prefix) });
    return true;
  };
  const scanPrefix = plan.kind === 'SubqueryScan' || options.verbose;
  const filter = (prefix: boolean): void => {
    if (quals('Filter', plan.qual, prefix)) removed('Rows Removed by Filter', counts?.filteredRowCount);
  };
  nodeDetails(context, plan, { list, quals, removed, filter, scanPrefix });
  if (counts !== null) list.push(...runFacts(plan, counts.extra));
  return list;
}

interface DetailTools {
  readonly list: Detail[];
  quals(label: string, clauses: readonly Expression[], prefix: boolean): boolean;
  removed(label: string, count: number | undefined): void;
  filter(prefix: boolean): void;
  readonly scanPrefix: boolean;
}

function clausesOf(items: readonly { readonly clause: Expression }[]): readonly Expression[] {
  return items.map((item) => item.clause);
}

function nodeDetails(context: DescribeContext, plan: Plan, tools: DetailTools): void {
  const { names, options } = context;
  const { list, quals, filter, scanPrefix } = tools;
  const counts = context.instrumentation?.[plan.nodeId];
  switch (plan.kind) {
    case 'IndexScan':
    case 'IndexOnlyScan':
      quals('Index Cond', clausesOf(plan.indexQuals), scanPrefix);
      filter(scanPrefix);
      if (plan.kind === 'IndexOnlyScan' && options.analyze) list.push({ label: 'Heap Fetches', value: 0 });
      return;
    case 'BitmapIndexScan':
      quals('Index Cond', clausesOf(plan.indexQuals), scanPrefix);
      return;
    case 'BitmapHeapScan':
      quals('Recheck Cond', plan.recheckQual, scanPrefix);
      tools.removed('Rows Removed by Index Recheck', 0);
      filter(scanPrefix);
      return;
    case 'TidScan':
      quals(
        'TID Cond',
        plan.tidQuals.length > 1 ? [{ kind: 'BoolExpr', op: 'or', args: plan.tidQuals, location: -1 }] : plan.tidQuals,
        scanPrefix,
      );
      filter(scanPrefix);
      return;
    case 'TidRangeScan':
      quals('TID Cond', plan.tidRangeQuals, scanPrefix);
      filter(scanPrefix);
      return;
    case 'SampleScan':
      sampling(context, plan, list);
      filter(scanPrefix);
      return;
    case 'FunctionScan':
      functionCall(context, plan, list);
      filter(scanPrefix);
      return;
    case 'SeqScan':
    case 'ValuesScan':
    case 'CteScan':
    case 'NamedTuplestoreScan':
    case 'WorkTableScan':
    case 'SubqueryScan':
      filter(scanPrefix);
      return;
    case 'NestLoop':
    case 'HashJoin':
    case 'MergeJoin': {
      const prefix = names.upperPrefix;
      if (plan.kind === 'HashJoin') quals('Hash Cond', plan.hashClauses, prefix);
      if (plan.kind === 'MergeJoin') quals('Merge Cond', clausesOf(plan.mergeClauses), prefix);
      if (quals('Join Filter', plan.joinQual, prefix))
        tools.removed('Rows Removed by Join Filter', counts?.joinFilteredRowCount);
      filter(prefix);
      return;
    }
    default:
      upperDetails(context, plan, tools);
  }
}

function upperDetails(context: DescribeContext, plan: Plan, tools: DetailTools): void {
  const { names } = context;
  const { list, quals, filter } = tools;
  switch (plan.kind) {
    case 'Agg':
      groupKeys(context, plan, list);
      filter(names.upperPrefix);
      return;
    case 'Group':
      if (plan.groupColumns.length > 0)
        list.push({
          label: 'Group Key',
          value: plan.groupColumns.map((item) => inputColumn(context, plan.outer, item.column)),
        });
      filter(names.upperPrefix);
      return;
    case 'WindowAgg':
      filter(names.upperPrefix);
      if (plan.runCondition.length > 0) quals('Run Condition', plan.runCondition, names.upperPrefix);
      return;
    case 'Sort':
    case 'IncrementalSort':
    case 'MergeAppend': {
      const keys = plan.keys.map((key) => sortKeyText(context, plan, key));
      list.push({ label: 'Sort Key', value: keys });
      if (plan.kind === 'IncrementalSort') {
        list.push({
          label: 'Presorted Key',
          value: plan.keys.slice(0, plan.presortedCount).map((key) => columnText(context, plan, key.column)),
        });
      }
      return;
    }
    case 'Result':
      quals('One-Time Filter', plan.constantQual, names.upperPrefix);
      filter(names.upperPrefix);
      return;
    case 'Memoize':
      list.push({
        label: 'Cache Key',
        value: plan.keys.map((key) => names.text(plan, key, names.upperPrefix)).join(', '),
      });
      list.push({ label: 'Cache Mode', value: plan.binaryMode ? 'binary' : 'logical' });
      return;
    case 'ModifyTable':
      conflict(context, plan, tools);
      return;
    default:
      filter(names.upperPrefix);
  }
}

function isBitmap(plan: Plan): boolean {
  return plan.kind === 'BitmapIndexScan' || plan.kind === 'BitmapAnd' || plan.kind === 'BitmapOr';
}

// Output columns are qualified only where the statement has several relations, unlike conditions under VERBOSE.
/** Nodes whose columns are just those of their inputs. */
function passesRows(plan: Plan): boolean {
  const { kind } = plan;
  return kind === 'Append' || kind === 'MergeAppend' || kind === 'RecursiveUnion' || kind === 'ModifyTable';
}

function outputTexts(context: DescribeContext, plan: Plan): string[] {
  if ('scanRtIndex' in plan && plan.showsAllColumns === true) return wholeRowTexts(context, plan);
  return plan.targetList.map((entry) => context.names.outputText(plan, entry.expr));
}

/** All columns of a scan's relation, or of the index that stands for it. */
function wholeRowTexts(context: DescribeContext, plan: Extract<Plan, { scanRtIndex: number }>): string[] {
  const { names } = context;
  if (plan.kind === 'IndexOnlyScan') {
    return plan.indexTargetList.map((_, index) =>
      names.outputText(plan, columnVar({ varno: indexVar, attno: index + 1 })),
    );
  }
  const columns = context.planned.rangeTable[plan.scanRtIndex - 1]?.eref.columns ?? [];
  return columns.map((_, index) => names.outputText(plan, columnVar({ varno: plan.scanRtIndex, attno: index + 1 })));
}

/** A reference of which only the name is wanted. */
function columnVar(at: { readonly varno: number; readonly attno: number }): Expression {
  return { kind: 'Var', ...at, type: 0, typmod: -1, collation: 0, levelsUp: 0, nullingRels: [], location: -1 };
}

function qualText(context: DescribeContext, plan: Plan, clauses: readonly Expression[], prefix: boolean): string {
  const [only] = clauses;
  const all: Expression =
    clauses.length === 1 && only !== undefined ? only : { kind: 'BoolExpr', op: 'and', args: clauses, location: -1 };
  return context.names.text(plan, all, prefix);
}

/** A column of a node's own target list. */
function columnText(context: DescribeContext, plan: Plan, column: number): string {
  const entry = plan.targetList[column - 1];
  return entry === undefined ? '' : context.names.keyText(plan, entry.expr);
}

/** A column of an input, as the input computes it. */
function inputColumn(context: DescribeContext, input: Plan, column: number): string {
  return columnText(context, input, column);
}

const defaultCollation = 100;

function sortKeyText(context: DescribeContext, plan: Plan, key: SortKey): string {
  const { catalog } = context;
  let text = columnText(context, plan, key.column);
  const expr = plan.targetList[key.column - 1]?.expr;
  const type = expr !== undefined && 'type' in expr ? expr.type : 0;
  const own = catalog.findTypeByOid(type)?.collation ?? 0;
  const exprCollation = expr !== undefined && 'collation' in expr ? expr.collation : 0;
  if (
    key.collation !== 0 &&
    key.collation !== defaultCollation &&
    key.collation !== exprCollation &&
    key.collation !== own
  ) {
    text += ` COLLATE ${quoteIdentifier(catalog.collation(key.collation)?.name ?? '')}`;
  }
  if (key.descending) text += ' DESC';
  if (key.nullsFirst && !key.descending) text += ' NULLS FIRST';
  else if (!key.nullsFirst && key.descending) text += ' NULLS LAST';
  return text;
}

function groupKeys(context: DescribeContext, plan: Extract<Plan, { kind: 'Agg' }>, list: Detail[]): void {
  if (plan.groupingSets === null) {
    if (plan.groupColumns.length > 0) {
      list.push({
        label: 'Group Key',
        value: plan.groupColumns.map((item) => inputColumn(context, plan.outer, item.column)),
      });
    }
    return;
  }
  let isNested = false;
  for (const set of plan.groupingSets) {
    const keys = set.columns.map((position) =>
      inputColumn(context, plan.outer, plan.groupColumns[position]?.column ?? 1),
    );
    if (set.sort !== null)
      list.push({ label: 'Sort Key', value: set.sort.map((key) => inputColumn(context, plan.outer, key.column)) });
    // The sets that a sort of its own serves stand indented below it.
    isNested = set.strategy !== 'hashed' && (isNested || set.sort !== null);
    const label = `${isNested && context.options.format === 'text' ? '  ' : ''}${set.strategy === 'hashed' ? 'Hash Key' : 'Group Key'}`;
    list.push({ label, value: keys.length === 0 ? ['()'] : keys });
  }
}

function sampling(context: DescribeContext, plan: Extract<Plan, { kind: 'SampleScan' }>, list: Detail[]): void {
  const { tableSample } = plan;
  const args = tableSample.args.map((arg) => context.names.text(plan, arg, context.options.verbose));
  if (context.options.format !== 'text') {
    list.push({ label: 'Sampling Method', value: tableSample.method }, { label: 'Sampling Parameters', value: args });
    if (tableSample.repeatable !== null)
      list.push({ label: 'Repeatable Seed', value: context.names.text(plan, tableSample.repeatable, false) });
    return;
  }
  const seed =
    tableSample.repeatable === null ? '' : ` REPEATABLE (${context.names.text(plan, tableSample.repeatable, false)})`;
  list.push({ label: 'Sampling', value: `${tableSample.method} (${args.join(', ')})${seed}` });
}

function functionCall(context: DescribeContext, plan: Extract<Plan, { kind: 'FunctionScan' }>, list: Detail[]): void {
  if (!context.options.verbose) return;
  const rte = context.planned.rangeTable[plan.scanRtIndex - 1];
  if (rte?.kind !== 'function') return;
  list.push({
    label: 'Function Call',
    value: rte.functions.map((item) => context.names.text(plan, item.expr, true)).join(', '),
  });
}

function conflict(context: DescribeContext, plan: Extract<Plan, { kind: 'ModifyTable' }>, tools: DetailTools): void {
  const { onConflict } = plan;
  if (onConflict === null) return;
  tools.list.push({ label: 'Conflict Resolution', value: onConflict.action === 'nothing' ? 'NOTHING' : 'UPDATE' });
  if (onConflict.arbiterIndexes.length > 0) {
    const indexes = onConflict.arbiterIndexes.map((oid) => quoteIdentifier(context.catalog.relation(oid)?.name ?? ''));
    tools.list.push({ label: 'Conflict Arbiter Indexes', value: indexes });
  }
  if (onConflict.where !== null)
    tools.list.push({ label: 'Conflict Filter', value: context.names.text(plan, onConflict.where, true) });
}
