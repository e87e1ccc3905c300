// INHERITS: a new table's columns merged with its parents', and the pg_inherits rows. Checks of the parents come along.
import type { CreateStmt } from '@pgsql/types';
import type { AttributeDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { expressionFromJson, treeToJson } from '../trees/json.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { formatType } from './column-type.js';
import { storedCheck, type CheckSpec } from './constraint.js';
import type { DraftColumn } from './create-table.js';
import { recordDependency } from './depend.js';
import { mapColumns } from './like-clause.js';
import { lockRelationByName } from './namespace.js';
import { requireRelationOwner, wrongKind } from './permissions.js';
import { nodeOf } from './tree.js';

export interface ParentMerge {
  readonly columns: readonly DraftColumn[];
  readonly parents: readonly number[];
  readonly checks: readonly CheckSpec[];
}

interface Merging {
  readonly columns: DraftColumn[];
  /** Columns whose parents' defaults differ: the child must state one. */
  readonly conflicts: Set<string>;
}

/** Merges the parents' columns before the table's own. Throws 42804, 42611, 42P07, 42809. */
export async function mergeParents(
  context: CommandContext,
  statement: CreateStmt,
  own: readonly DraftColumn[],
  table: { readonly name: string; readonly persistence: string },
): Promise<ParentMerge> {
  const parents: RelationDescriptor[] = [];
  for (const node of statement.inhRelations ?? []) {
    const parent = await lockRelationByName(context, nodeOf(node, 'RangeVar'), 'ShareUpdateExclusiveLock');
    if (parent === null) continue;
    requireParent(context, parent, table);
    if (parents.some((other) => other.oid === parent.oid)) {
      throw pgError(SqlState.duplicateTable, `relation "${parent.name}" would be inherited from more than once`);
    }
    parents.push(parent);
  }
  if (parents.length === 0) return { columns: own, parents: [], checks: [] };
  const state: Merging = { columns: [], conflicts: new Set() };
  for (const parent of parents)
    for (const attribute of parent.attributes) if (!attribute.isDropped) mergeAttribute(context, state, attribute);
  mapDefaults(state, parents);
  for (const [index, column] of own.entries()) mergeOwn(context, state, column, index);
  requireNoConflicts(state);
  return {
    columns: state.columns,
    parents: parents.map((parent) => parent.oid),
    checks: parentChecks(context, state, parents),
  };
}

function requireParent(
  context: CommandContext,
  parent: RelationDescriptor,
  table: { readonly persistence: string },
): void {
  if (parent.kind !== 'r' && parent.kind !== 'f' && parent.kind !== 'p') {
    throw pgError(SqlState.wrongObjectType, `inherited relation "${parent.name}" is not a table or foreign table`);
  }
  if (parent.kind === 'p')
    throw pgError(SqlState.wrongObjectType, `cannot inherit from partitioned table "${parent.name}"`);
  if (table.persistence !== 't' && parent.persistence === 't') {
    throw pgError(SqlState.wrongObjectType, `cannot inherit from temporary relation "${parent.name}"`);
  }
  if (parent.ofType !== 0) throw wrongKind(`cannot inherit from typed table "${parent.name}"`, parent);
  requireRelationOwner(context, parent);
}

function mergeAttribute(context: CommandContext, state: Merging, attribute: AttributeDescriptor): void {
  const index = state.columns.findIndex((column) => column.spec.name === attribute.name);
  const existing = state.columns[index];
  if (existing === undefined) {
    state.columns.push(inheritedColumn(attribute));
    return;
  }
  notice(context, `merging multiple inherited definitions of column "${attribute.name}"`);
  requireSameType(context, existing, attribute, 'inherited column');
  if ((existing.spec.generated ?? '') !== attribute.generated) {
    throw pgError(SqlState.invalidColumnDefinition, `inherited column "${attribute.name}" has a generation conflict`);
  }
  state.columns[index] = {
    ...existing,
    inheritedDefault: existing.inheritedDefault ?? attribute.defaultExpr,
    spec: {
      ...existing.spec,
      notNull: existing.spec.notNull || attribute.notNull,
      inheritCount: (existing.spec.inheritCount ?? 0) + 1,
    },
  };
}

function inheritedColumn(attribute: AttributeDescriptor): DraftColumn {
  return {
    spec: {
      name: attribute.name,
      type: attribute.type,
      typmod: attribute.typmod,
      collation: attribute.collation,
      dimensions: 0,
      notNull: attribute.notNull,
      storage: attribute.storage,
      compression: attribute.compression,
      generated: attribute.generated,
      isLocal: false,
      inheritCount: 1,
    },
    parts: null,
    inheritedDefault: attribute.defaultExpr,
    like: null,
  };
}

/** Parents' stored defaults refer to the parents' attribute numbers. Those of several parents must be the same. */
function mapDefaults(state: Merging, parents: readonly RelationDescriptor[]): void {
  for (const [index, column] of state.columns.entries()) {
    const defaults = parents.flatMap((parent) => {
      const attribute = parent.attributes.find(({ name, isDropped }) => !isDropped && name === column.spec.name);
      if (!attribute?.defaultExpr) return [];
      return [treeToJson(mapColumns(expressionFromJson(attribute.defaultExpr), columnMap(state, parent), ''))];
    });
    const [first] = defaults;
    if (first === undefined) continue;
    const plain = defaults.map(withoutLocations);
    if (plain.some((other) => other !== plain[0])) state.conflicts.add(column.spec.name);
    state.columns[index] = { ...column, inheritedDefault: first };
  }
}

function withoutLocations(json: string): string {
  return json.replaceAll(/"location":-?\d+/g, '"location":-1');
}

function columnMap(state: Merging, parent: RelationDescriptor): ReadonlyMap<number, number> {
  const map = new Map<number, number>();
  for (const attribute of parent.attributes) {
    const index = state.columns.findIndex((column) => column.spec.name === attribute.name);
    if (!attribute.isDropped && index >= 0) map.set(attribute.number, index + 1);
  }
  return map;
}

function mergeOwn(context: CommandContext, state: Merging, column: DraftColumn, place: number): void {
  const index = state.columns.findIndex((other) => other.spec.name === column.spec.name);
  const inherited = state.columns[index];
  if (inherited === undefined || inherited.spec.inheritCount === undefined) {
    state.columns.push(column);
    return;
  }
  if (index === place) notice(context, `merging column "${column.spec.name}" with inherited definition`);
  else {
    notice(
      context,
      `moving and merging column "${column.spec.name}" with inherited definition`,
      'User-specified column moved to the position of the inherited column.',
    );
  }
  requireSameType(context, inherited, column.spec, 'column');
  requireCompatibleGeneration(inherited, column);
  state.columns[index] = {
    ...inherited,
    parts: column.parts,
    like: column.like,
    inheritedDefault: column.parts?.defaultExpr ? null : inherited.inheritedDefault,
    spec: {
      ...inherited.spec,
      isLocal: true,
      notNull: inherited.spec.notNull || column.spec.notNull,
      identity: column.spec.identity ?? '',
      generated: column.spec.generated || inherited.spec.generated || '',
    },
  };
  if (column.parts?.defaultExpr) state.conflicts.delete(column.spec.name);
}

function requireCompatibleGeneration(inherited: DraftColumn, column: DraftColumn): void {
  const { name } = column.spec;
  const refuse = (text: string): Error => pgError(SqlState.invalidColumnDefinition, text);
  if (inherited.spec.generated) {
    if (column.parts?.defaultExpr && !column.spec.generated) {
      throw refuse(`column "${name}" inherits from generated column but specifies default`);
    }
    if (column.spec.identity) throw refuse(`column "${name}" inherits from generated column but specifies identity`);
  } else if (column.spec.generated) {
    throw pgError(SqlState.invalidColumnDefinition, `child column "${name}" specifies generation expression`, {
      hint: 'A child table column cannot be generated unless its parent column is.',
    });
  }
}

function requireSameType(
  context: CommandContext,
  existing: DraftColumn,
  other: { readonly name: string; readonly type: number; readonly typmod: number; readonly collation: number },
  noun: string,
): void {
  const { spec } = existing;
  if (spec.type !== other.type || spec.typmod !== other.typmod) {
    throw pgError(SqlState.datatypeMismatch, `${noun} "${other.name}" has a type conflict`, {
      detail: `${formatType(context, spec.type, spec.typmod)} versus ${formatType(context, other.type, other.typmod)}`,
    });
  }
  if (spec.collation !== other.collation) {
    const name = (oid: number): string => `"${context.catalog.collation(oid)?.name ?? ''}"`;
    throw pgError(SqlState.collationMismatch, `${noun} "${other.name}" has a collation conflict`, {
      detail: `${name(spec.collation)} versus ${name(other.collation)}`,
    });
  }
}

function requireNoConflicts(state: Merging): void {
  for (const name of state.conflicts) {
    const isGenerated = state.columns.some(({ spec }) => spec.name === name && spec.generated);
    const what = isGenerated ? 'generation expressions' : 'default values';
    throw pgError(SqlState.invalidColumnDefinition, `column "${name}" inherits conflicting ${what}`, {
      hint: `To resolve the conflict, specify a ${isGenerated ? 'generation expression' : 'default'} explicitly.`,
    });
  }
}

function parentChecks(context: CommandContext, state: Merging, parents: readonly RelationDescriptor[]): CheckSpec[] {
  const checks: CheckSpec[] = [];
  for (const parent of parents) {
    for (const { row } of context.catalog.tables.find('pg_constraint', { conrelid: parent.oid })) {
      if (row.contype !== 'c' || row.connoinherit) continue;
      const expression = mapColumns(storedCheck(row.conbin), columnMap(state, parent), '');
      const same = checks.findIndex((check) => check.name === row.conname);
      const existing = checks[same];
      if (existing) checks[same] = { ...existing, inheritCount: existing.inheritCount + 1 };
      else {
        checks.push({
          name: row.conname,
          expression,
          noInherit: false,
          validated: true,
          isLocal: false,
          inheritCount: 1,
        });
      }
    }
  }
  return checks;
}

/** Writes pg_inherits and what follows from it. */
export async function storeParents(
  context: CommandContext,
  relation: number,
  parents: readonly number[],
): Promise<void> {
  for (const [index, parent] of parents.entries()) await storeParent(context, relation, parent, index + 1);
}

export async function storeParent(
  context: CommandContext,
  relation: number,
  parent: number,
  position: number,
): Promise<void> {
  const { tables } = context.catalog;
  await tables.insert(context.transaction, 'pg_inherits', {
    inhrelid: relation,
    inhparent: parent,
    inhseqno: position,
    inhdetachpending: false,
  });
  await recordDependency(context, objectAddress(ClassOid.class, relation), objectAddress(ClassOid.class, parent), 'n');
  const entry = tables.findOne('pg_class', { oid: parent });
  if (entry !== null && !entry.row.relhassubclass) {
    await tables.update(context.transaction, 'pg_class', entry, { relhassubclass: true });
  }
}

function notice(context: CommandContext, message: string, detail?: string): void {
  context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: { detail } });
}
