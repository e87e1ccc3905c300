// Check constraints and NOT NULL of tables: binding, naming, storing, and the scan that looks for rows that break them.
import type { Constraint } from '@pgsql/types';
import { batchRowsMax } from '../base/limits.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { expressionFromJson, treeToJson } from '../trees/json.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { insertConstraint } from './constraint-row.js';
import { recordDependency } from './depend.js';
import { referencedColumns } from './expression-dependencies.js';
import { chooseConstraintName } from './naming.js';
import { hasRowWhere, negated } from './table-scan.js';

export interface CheckSpec {
  readonly name: string | null;
  readonly expression: Expression;
  readonly noInherit: boolean;
  readonly validated: boolean;
  readonly isLocal: boolean;
  readonly inheritCount: number;
}

/** Binds CHECK (...) over a table that exists. */
export function bindCheck(context: CommandContext, relation: number, constraint: Constraint): CheckSpec {
  const target = { type: TypeOid.bool, typmod: -1, collation: 0, columnName: '' };
  if (!constraint.raw_expr) throw new Error('invariant broken: CHECK without an expression');
  const scope = { use: 'checkConstraint', relation, target } as const;
  return {
    name: constraint.conname ?? null,
    expression: context.corridor.analyzeExpression(constraint.raw_expr, scope, context.sourceText),
    noInherit: constraint.is_no_inherit === true,
    validated: constraint.skip_validation !== true,
    isLocal: true,
    inheritCount: 0,
  };
}

/** Stores a check constraint; returns its oid, 0 where it was merged with an inherited one of the same name. */
export async function storeCheck(
  context: CommandContext,
  relation: number,
  spec: CheckSpec,
  options: { readonly takenNames?: readonly string[]; readonly allowMerge?: boolean } = {},
): Promise<{ readonly oid: number; readonly name: string }> {
  const table = context.catalog.requireRelation(relation);
  const keys = referencedColumns(spec.expression).filter((number) => number !== 0);
  const name = spec.name ?? generatedName(context, table, keys, options.takenNames ?? []);
  const existing = context.catalog.tables.findOne('pg_constraint', { conrelid: relation, contypid: 0, conname: name });
  if (existing !== null) {
    const allowMerge =
      options.allowMerge || spec.inheritCount > 0 || (spec.isLocal && !existing.row.conislocal && !table.isPartition);
    const isSame = existing.row.contype === 'c' && sameExpression(existing.row.conbin, spec.expression);
    if (!isSame || !allowMerge) throw constraintExists(name, table.name);
    await mergeCheck(context, existing, spec, table.name);
    return { oid: 0, name };
  }
  const oid = await insertConstraint(context, {
    name,
    schema: table.schema,
    kind: 'c',
    relation,
    keys,
    noInherit: spec.noInherit,
    validated: spec.validated,
    isLocal: spec.isLocal,
    inheritCount: spec.inheritCount,
    expression: spec.expression,
  });
  await addToCheckCount(context, relation, 1);
  return { oid, name };
}

async function mergeCheck(
  context: CommandContext,
  existing: NonNullable<ReturnType<typeof findConstraint>>,
  spec: CheckSpec,
  tableName: string,
): Promise<void> {
  const { row } = existing;
  if (row.connoinherit) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `constraint "${row.conname}" conflicts with non-inherited constraint on relation "${tableName}"`,
    );
  }
  if (row.coninhcount > 0 && spec.noInherit) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `constraint "${row.conname}" conflicts with inherited constraint on relation "${tableName}"`,
    );
  }
  if (spec.validated && !row.convalidated) {
    throw pgError(
      SqlState.invalidTableDefinition,
      `constraint "${row.conname}" conflicts with NOT VALID constraint on relation "${tableName}"`,
    );
  }
  context.notice({
    severity: 'NOTICE',
    code: SqlState.successfulCompletion,
    message: `merging constraint "${row.conname}" with inherited definition`,
    fields: {},
  });
  await context.catalog.tables.update(context.transaction, 'pg_constraint', existing, {
    coninhcount: row.coninhcount + spec.inheritCount,
    conislocal: row.conislocal || spec.isLocal,
  });
}

function sameExpression(stored: string | null, expression: Expression): boolean {
  const plain = (json: string): string => json.replaceAll(/"location":-?\d+/g, '');
  return stored !== null && plain(treeToJson(storedCheck(stored))) === plain(treeToJson(expression));
}

export function constraintExists(name: string, tableName: string): Error {
  return pgError(SqlState.duplicateObject, `constraint "${name}" for relation "${tableName}" already exists`);
}

/** t_a_check where one column is used, else t_check. */
function generatedName(
  context: CommandContext,
  table: RelationDescriptor,
  keys: readonly number[],
  taken: readonly string[],
): string {
  const column = keys.length === 1 ? (table.attributes[(keys[0] as number) - 1]?.name ?? null) : null;
  return chooseConstraintName(context, { name1: table.name, name2: column, label: 'check' }, table.schema, taken);
}

/** Changes pg_class.relchecks. */
export async function addToCheckCount(context: CommandContext, relation: number, change: number): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_class', { oid: relation });
  if (entry !== null) {
    await tables.update(context.transaction, 'pg_class', entry, {
      relchecks: Math.max(entry.row.relchecks + change, 0),
    });
  }
}

/** A table's constraint by name; null where there is none. */
export function findConstraint(context: CommandContext, relation: number, name: string) {
  return context.catalog.tables.findOne('pg_constraint', { conrelid: relation, contypid: 0, conname: name });
}

/** As findConstraint, but throws 42704. */
export function requireConstraint(context: CommandContext, table: RelationDescriptor, name: string) {
  const found = findConstraint(context, table.oid, name);
  if (found !== null) return found;
  throw pgError(SqlState.undefinedObject, `constraint "${name}" of relation "${table.name}" does not exist`);
}

/** 23514 where a row of the table breaks the check. */
export async function validateCheck(
  context: CommandContext,
  relation: number,
  check: { readonly name: string; readonly expression: Expression },
): Promise<void> {
  const table = context.catalog.requireRelation(relation);
  if (!(await hasRowWhere(context, table, negated(check.expression)))) return;
  throw pgError(
    SqlState.checkViolation,
    `check constraint "${check.name}" of relation "${table.name}" is violated by some row`,
    {
      schema: table.schemaName,
      table: table.name,
      constraint: check.name,
    },
  );
}

/** Looks at the rows themselves: the planner takes the column's word for it that it has no nulls. */
async function hasNull(context: CommandContext, table: RelationDescriptor, number: number): Promise<boolean> {
  const store = context.store.table(table.file, table.layout, context.catalog);
  const cursor = store.scan(context.transaction.latestView(), { attributes: [number], direction: 'forward' });
  const execution = context.corridor.executionContext();
  try {
    for (;;) {
      const { rowCount, rows } = cursor.next(batchRowsMax);
      if (rowCount === 0) return false;
      if (rows.some((row) => (row[number - 1] ?? null) === null)) return true;
      execution.checkInterrupts();
      await execution.yieldToEventLoop();
    }
  } finally {
    cursor.close();
  }
}

/** 23502 where a column has a null. */
export async function validateNotNull(context: CommandContext, relation: number, number: number): Promise<void> {
  const table = context.catalog.requireRelation(relation);
  if (!(await hasNull(context, table, number))) return;
  const column = table.attributes[number - 1]?.name ?? '';
  throw pgError(SqlState.notNullViolation, `column "${column}" of relation "${table.name}" contains null values`, {
    schema: table.schemaName,
    table: table.name,
    column,
  });
}

/** Sets a column's attnotnull; true where it changed. */
export async function setNotNull(
  context: CommandContext,
  relation: number,
  number: number,
  notNull: boolean,
): Promise<boolean> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_attribute', { attrelid: relation, attnum: number });
  if (entry === null || entry.row.attnotnull === notNull) return false;
  await tables.update(context.transaction, 'pg_attribute', entry, { attnotnull: notNull });
  return true;
}

/** A stored check's expression. */
export function storedCheck(conbin: string | null): Expression {
  if (conbin === null) throw new Error('invariant broken: check constraint without an expression');
  return expressionFromJson(conbin);
}

/** Makes an index the internal part of its constraint. */
export async function attachIndexToConstraint(
  context: CommandContext,
  index: number,
  constraint: number,
): Promise<void> {
  await recordDependency(
    context,
    objectAddress(ClassOid.class, index),
    objectAddress(ClassOid.constraint, constraint),
    'i',
  );
}
