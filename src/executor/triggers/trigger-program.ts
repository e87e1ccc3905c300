// A relation's triggers as the executor needs them: by event, level and time, in name order, with compiled WHEN
// conditions. Which of them fire depends on ALTER TABLE ... ENABLE/DISABLE and on session_replication_role. Foreign keys
// are triggers, too: those whose triggers are disabled check nothing.
import type { ConstraintDescriptor, RelationDescriptor, TriggerDescriptor } from '../../catalog/descriptors.js';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { someExpressionDeep } from '../../trees/walk.js';
import type { ExecutionContext } from '../api.js';
import { type QualProgram, compileQual } from '../expressions/compile.js';
import { CompileUnit } from '../expressions/unit.js';
import { relationEntry } from '../modify/relation-entry.js';
import { storedExpressions } from '../stored-expressions.js';

export type TriggerOperation = 'insert' | 'update' | 'delete' | 'truncate';
export type RowOperation = Exclude<TriggerOperation, 'truncate'>;

/** A trigger that the session fires. */
export interface FiringTrigger {
  readonly descriptor: TriggerDescriptor;
  readonly function: FunctionDescriptor;
  /** UPDATE OF: only where one of these is assigned; null for any. */
  readonly columns: ReadonlySet<number> | null;
  /** WHEN: OLD is the outer row, NEW the inner one. */
  readonly when: QualProgram | null;
  /** WHEN reads system columns: its rows need [rowid, stamp] behind their attributes. */
  readonly needsSystem: boolean;
}

/** What happens after a row was written, in the order of the triggers' names. */
export type AfterRowStep = { readonly kind: 'user'; readonly trigger: FiringTrigger } | ForeignKeyStep;
export interface ForeignKeyStep {
  /** The referencing side of a foreign key, or the referenced one. */
  readonly kind: 'check' | 'action';
  readonly constraint: ConstraintDescriptor;
  readonly descriptor: TriggerDescriptor;
}

export interface OperationTriggers {
  readonly beforeStatement: readonly FiringTrigger[];
  readonly beforeRow: readonly FiringTrigger[];
  readonly insteadOf: readonly FiringTrigger[];
  readonly afterRow: readonly AfterRowStep[];
  /** One of `afterRow` is a user's. */
  readonly hasAfterRow: boolean;
  readonly afterStatement: readonly FiringTrigger[];
  /** A trigger after the statement reads the rows as they were, or as they are now. */
  readonly needsOldTable: boolean;
  readonly needsNewTable: boolean;
}

export interface TriggerProgram {
  readonly unit: CompileUnit;
  readonly relation: RelationDescriptor;
  readonly insert: OperationTriggers;
  readonly update: OperationTriggers;
  readonly delete: OperationTriggers;
  readonly truncate: OperationTriggers;
  /** Users' triggers fire on it; else there are foreign keys alone. */
  readonly hasUserTriggers: boolean;
}

/** pg_trigger.tgtype bits. */
const bits = { row: 1, before: 2, insert: 4, delete: 8, update: 16, truncate: 32, instead: 64 } as const;

const programs = new WeakMap<RelationDescriptor, { origin: TriggerProgram | null; replica: TriggerProgram | null }>();

/** The relation's triggers, for its descriptor's life; null where it has none, foreign keys included. */
export function triggerProgram(context: ExecutionContext, relation: RelationDescriptor): TriggerProgram | null {
  if (relation.triggers.length === 0) return null;
  const role = context.session.setting('session_replication_role') === 'replica' ? 'replica' : 'origin';
  let known = programs.get(relation);
  if (known === undefined) {
    known = { origin: null, replica: null };
    programs.set(relation, known);
  }
  let program = known[role];
  if (program === null || program.unit.catalogVersion !== context.catalog.version()) {
    program = compileTriggers(context, relation, role);
    known[role] = program;
  }
  return program;
}

function compileTriggers(
  { catalog }: ExecutionContext,
  relation: RelationDescriptor,
  role: 'origin' | 'replica',
): TriggerProgram {
  const entry = relationEntry(relation);
  const unit = new CompileUnit(catalog, catalog.version(), [entry, entry]);
  const active = relation.triggers.filter(
    ({ enabled }) => enabled === 'A' || enabled === (role === 'origin' ? 'O' : 'R'),
  );
  const firing = new Map<TriggerDescriptor, FiringTrigger>();
  for (const trigger of active) if (!trigger.isInternal) firing.set(trigger, compileTrigger(unit, relation, trigger));
  const of = (operation: TriggerOperation) => operationTriggers(unit, relation, active, firing, operation);
  return {
    unit,
    relation,
    insert: of('insert'),
    update: of('update'),
    delete: of('delete'),
    truncate: of('truncate'),
    hasUserTriggers: firing.size > 0,
  };
}

function operationTriggers(
  unit: CompileUnit,
  relation: RelationDescriptor,
  active: readonly TriggerDescriptor[],
  firing: ReadonlyMap<TriggerDescriptor, FiringTrigger>,
  operation: TriggerOperation,
): OperationTriggers {
  const own = active.filter(({ type }) => (type & bits[operation]) !== 0);
  const users = (fits: (type: number) => boolean): FiringTrigger[] =>
    own.flatMap((trigger) => (fits(trigger.type) ? (firing.get(trigger) ?? []) : []));
  const isRow = (type: number): boolean => (type & bits.row) !== 0;
  const isBefore = (type: number): boolean => (type & bits.before) !== 0;
  const isAfter = (type: number): boolean => (type & (bits.before | bits.instead)) === 0;
  const afterRow = own.flatMap((trigger): AfterRowStep[] => {
    if (!isRow(trigger.type) || !isAfter(trigger.type)) return [];
    const user = firing.get(trigger);
    return user === undefined ? foreignKeyStep(unit, relation, trigger) : [{ kind: 'user', trigger: user }];
  });
  const after = users(isAfter);
  return {
    beforeStatement: users((type) => !isRow(type) && isBefore(type)),
    beforeRow: users((type) => isRow(type) && isBefore(type)),
    insteadOf: users((type) => (type & bits.instead) !== 0),
    afterRow,
    hasAfterRow: afterRow.some(({ kind }) => kind === 'user'),
    afterStatement: users((type) => !isRow(type) && isAfter(type)),
    needsOldTable: operation !== 'insert' && after.some(({ descriptor }) => descriptor.oldTable !== null),
    needsNewTable: operation !== 'delete' && after.some(({ descriptor }) => descriptor.newTable !== null),
  };
}

/** RI_FKey_check_ins and RI_FKey_check_upd stand on the referencing table, the other internal ones on the referenced. */
function foreignKeyStep(
  unit: CompileUnit,
  relation: RelationDescriptor,
  descriptor: TriggerDescriptor,
): AfterRowStep[] {
  const isOf = ({ oid, kind }: ConstraintDescriptor): boolean => kind === 'f' && oid === descriptor.constraint;
  const isCheck = (unit.catalog.function(descriptor.function)?.source ?? '').startsWith('RI_FKey_check_');
  const constraint = (isCheck ? relation.constraints : relation.referencedBy).find(isOf);
  if (constraint === undefined) return [];
  return [{ kind: isCheck ? 'check' : 'action', constraint, descriptor }];
}

function compileTrigger(unit: CompileUnit, relation: RelationDescriptor, trigger: TriggerDescriptor): FiringTrigger {
  const quals = trigger.when === null ? [] : storedExpressions(trigger.when);
  const needsSystem = quals.some((qual) =>
    someExpressionDeep(qual, (node) => node.kind === 'Var' && node.levelsUp === 0 && node.attno < 0),
  );
  const sources = {
    systemColumnBase: relation.attributes.length,
    rowOf: (varno: number) => (varno === 1 ? 'o' : 'i'),
  };
  return {
    descriptor: trigger,
    function: unit.catalog.requireFunction(trigger.function),
    columns: trigger.columns.length === 0 ? null : new Set(trigger.columns),
    when: compileQual(unit, quals, sources),
    needsSystem,
  };
}
