// EXPLAIN ANALYZE's lines about triggers. Foreign keys go by their constraint's name, unless VERBOSE asks for both.
import type { TriggerInstrumentation } from '../../executor/api.js';
import type { ModifyTable } from '../../trees/plan.js';
import type { DescribeContext } from './describe.js';
import type { Item } from './format.js';

/** The text format's lines. */
export function triggerLines(context: DescribeContext, triggers: readonly TriggerInstrumentation[]): string[] {
  const namesRelation = needsRelation(context, triggers);
  return triggers.map((trigger) => {
    const constraint = constraintName(context, trigger);
    const name = constraint === null || context.options.verbose ? ` ${trigger.name}` : '';
    const on = namesRelation ? ` on ${trigger.relation}` : '';
    const time = context.options.timing ? `time=${trigger.totalMs.toFixed(3)} ` : '';
    return `Trigger${name}${constraint === null ? '' : ` for constraint ${constraint}`}${on}: ${time}calls=${trigger.callCount}`;
  });
}

/** The other formats' groups. */
export function triggerGroups(context: DescribeContext, triggers: readonly TriggerInstrumentation[]): Item[][] {
  return triggers.map((trigger) => {
    const constraint = constraintName(context, trigger);
    const items: Item[] = [{ kind: 'value', label: 'Trigger Name', value: trigger.name }];
    if (constraint !== null) items.push({ kind: 'value', label: 'Constraint Name', value: constraint });
    items.push({ kind: 'value', label: 'Relation', value: trigger.relation });
    if (context.options.timing) items.push({ kind: 'value', label: 'Time', value: trigger.totalMs, digits: 3 });
    items.push({ kind: 'value', label: 'Calls', value: trigger.callCount });
    return items;
  });
}

function constraintName({ catalog }: DescribeContext, { constraint }: TriggerInstrumentation): string | null {
  if (constraint === 0) return null;
  return catalog.tables.findOne('pg_constraint', { oid: constraint })?.row.conname ?? null;
}

/** Relations are named where the statement writes several. */
function needsRelation({ planned }: DescribeContext, triggers: readonly TriggerInstrumentation[]): boolean {
  const written = new Set(triggers.map(({ relation }) => relation));
  const modifying = [planned.plan, ...planned.subplans].filter(
    (plan): plan is ModifyTable => plan.kind === 'ModifyTable',
  );
  const targets = modifying.flatMap((plan) => plan.members ?? [plan]).length;
  return written.size > 1 || targets > 1;
}
