// A planned statement as EXPLAIN shows it: the text layout, and the item tree of the structured formats.
import type { Plan } from '../../trees/plan.js';
import type { SubPlan, Expression } from '../../trees/expression.js';
import { planChildren, planExpressions } from '../../trees/plan-children.js';
import { describe, type DescribeContext, type Detail } from './describe.js';
import type { Item } from './format.js';
import { walkExpression } from './walk.js';

interface Child {
  readonly plan: Plan;
  readonly relationship: string;
  /** InitPlan 1, SubPlan 2, CTE c. */
  readonly name: string | null;
}

function children(context: DescribeContext, plan: Plan): Child[] {
  const result: Child[] = [];
  const subplan = (item: SubPlan, relationship: string): void => {
    const body = context.planned.subplans[item.planId - 1];
    if (body !== undefined) result.push({ plan: body, relationship, name: item.name });
  };
  for (const item of plan.initPlans) subplan(item, 'InitPlan');
  planChildren(plan).forEach((child, index) => {
    result.push({ plan: child, relationship: relationshipOf(plan, index), name: null });
  });
  for (const item of ownSubplans(plan)) subplan(item, 'SubPlan');
  return result;
}

function relationshipOf(plan: Plan, index: number): string {
  if (plan.kind === 'Append' || plan.kind === 'MergeAppend' || plan.kind === 'BitmapAnd' || plan.kind === 'BitmapOr')
    return 'Member';
  if (plan.kind === 'SubqueryScan') return 'Subquery';
  return index === 0 ? 'Outer' : 'Inner';
}

/** Subplans in the node's expressions, each once, in the order of their numbers. */
function ownSubplans(plan: Plan): SubPlan[] {
  const found = new Map<number, SubPlan>();
  const note = (node: Expression): void => {
    if (node.kind === 'SubPlan' && !found.has(node.planId)) found.set(node.planId, node);
  };
  for (const expression of planExpressions(plan)) walkExpression(expression, note);
  return [...found.values()];
}

/** The text format: one line a string. */
export function textLines(context: DescribeContext, plan: Plan): string[] {
  const lines: string[] = [];
  writeNode(context, { plan, relationship: '', name: null }, 0, lines);
  return lines;
}

function writeNode(context: DescribeContext, child: Child, startIndent: number, lines: string[]): void {
  let indent = startIndent;
  const { plan } = child;
  if (child.name !== null) {
    lines.push(`${'  '.repeat(indent)}${child.name}`);
    indent++;
  }
  let prefix = '';
  if (indent > 0) {
    prefix = `${'  '.repeat(indent)}->  `;
    indent += 2;
  }
  const description = describe(context, plan);
  lines.push(`${prefix}${description.title}${estimates(context, plan)}${actuals(context, plan)}`);
  indent++;
  for (const target of description.targets ?? []) lines.push(`${'  '.repeat(indent)}${target}`);
  for (const detail of description.details) {
    if (detail.only === 'structured') continue;
    lines.push(`${'  '.repeat(indent)}${detail.label}: ${detailText(detail)}`);
  }
  for (const inner of children(context, plan)) writeNode(context, inner, indent, lines);
}

const kilobytes = new Set(['Peak Memory Usage', 'Disk Usage']);

function detailText(detail: Detail): string {
  if (typeof detail.value === 'boolean') return detail.value ? 'true' : 'false';
  if (typeof detail.value === 'number') return kilobytes.has(detail.label) ? `${detail.value}kB` : String(detail.value);
  return typeof detail.value === 'string' ? detail.value : detail.value.join(', ');
}

function estimates(context: DescribeContext, plan: Plan): string {
  if (!context.options.costs) return '';
  const { startupCost, totalCost, planRows, planWidth } = plan;
  return `  (cost=${startupCost.toFixed(2)}..${totalCost.toFixed(2)} rows=${planRows.toFixed(0)} width=${planWidth})`;
}

function actuals(context: DescribeContext, plan: Plan): string {
  if (context.instrumentation === null) return '';
  const counts = context.instrumentation[plan.nodeId];
  if (counts === undefined || counts.loopCount === 0) return ' (never executed)';
  const loops = counts.loopCount;
  const rows = (counts.rowCount / loops).toFixed(0);
  const time = context.options.timing
    ? `time=${(counts.startupMs / loops).toFixed(3)}..${(counts.totalMs / loops).toFixed(3)} `
    : '';
  return ` (actual ${time}rows=${rows} loops=${loops})`;
}

/** The node and everything beneath it, for the structured formats. */
export function planItems(context: DescribeContext, plan: Plan, relationship = '', name: string | null = null): Item[] {
  const description = describe(context, plan);
  const items: Item[] = [];
  const value = (label: string, content: string | number | boolean, digits?: number): void => {
    items.push(
      digits === undefined
        ? { kind: 'value', label, value: content }
        : { kind: 'value', label, value: content, digits },
    );
  };
  const [type, ...rest] = description.identity;
  const early = rest.filter(
    (item) => item.label === 'Strategy' || item.label === 'Partial Mode' || item.label === 'Operation',
  );
  const late = rest.filter((item) => !early.includes(item));
  const add = (detail: Detail): void => {
    if (typeof detail.value === 'object') items.push({ kind: 'list', label: detail.label, values: detail.value });
    else value(detail.label, detail.value);
  };
  if (type !== undefined) add(type);
  early.forEach(add);
  if (relationship !== '') value('Parent Relationship', relationship);
  if (name !== null) value('Subplan Name', name);
  value('Parallel Aware', false);
  value('Async Capable', false);
  late.forEach(add);
  if (context.options.costs) {
    value('Startup Cost', plan.startupCost, 2);
    value('Total Cost', plan.totalCost, 2);
    value('Plan Rows', plan.planRows, 0);
    value('Plan Width', plan.planWidth);
  }
  if (context.instrumentation !== null) {
    const counts = context.instrumentation[plan.nodeId];
    const loops = counts?.loopCount ?? 0;
    const per = (total: number | undefined): number => (loops === 0 ? 0 : (total ?? 0) / loops);
    if (context.options.timing) {
      value('Actual Startup Time', per(counts?.startupMs), 3);
      value('Actual Total Time', per(counts?.totalMs), 3);
    }
    value('Actual Rows', per(counts?.rowCount), 0);
    value('Actual Loops', loops, 0);
  }
  for (const detail of description.details) if (detail.only !== 'text') add(detail);
  const inner = children(context, plan);
  if (inner.length > 0) {
    items.push({
      kind: 'groups',
      label: 'Plans',
      each: 'Plan',
      groups: inner.map((child) => planItems(context, child.plan, child.relationship, child.name)),
    });
  }
  return items;
}
