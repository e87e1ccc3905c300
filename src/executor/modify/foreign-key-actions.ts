// The referenced side of foreign keys: what happens to the children of keys that are gone. NO ACTION and RESTRICT raise
// 23503 where any is left; CASCADE, SET NULL and SET DEFAULT write the children like any other rows.
import type { Catalog } from '../../catalog/api.js';
import type { ConstraintDescriptor, IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import { triggerDepth } from '../../functions/trigger-depth.js';
import type { StoredRow } from '../../storage/api.js';
import type { Row, Value } from '../../types/value.js';
import { forbidChange } from '../nodes/current-version.js';
import { evaluateExpression } from '../evaluate.js';
import { encodeKey, keyColumns } from '../index-keys.js';
import { baseType, keyPart, requireHashKey } from '../operators.js';
import type { RunState } from '../state.js';
import { storedExpressions } from '../stored-expressions.js';
import { openIndex, openTable } from '../tables.js';
import { type RowTriggers, rowTriggers } from '../triggers/row-triggers.js';
import { functionSettings } from '../services.js';
import { triggerProgram } from '../triggers/trigger-program.js';
import { type FiredOperation, StatementTriggers } from '../triggers/statement-triggers.js';
import { beginQuery, conversion, ParentFinder } from './foreign-key-checks.js';
import { asStatement, childStatement } from './foreign-key-statements.js';
import { type LostKey, keyOf } from './foreign-keys.js';
import { columnKeyText } from './row-description.js';
import { type TargetTable, openTarget } from './target-table.js';

interface Child {
  readonly row: StoredRow;
  readonly lost: LostKey;
}

/** Applies a foreign key's actions to the children of lost keys. */
export async function checkChildren(
  statement: RunState,
  parent: RelationDescriptor,
  constraint: ConstraintDescriptor,
  lostKeys: readonly LostKey[],
): Promise<void> {
  const child = statement.context.catalog.requireRelation(constraint.relation);
  for (const lost of lostKeys) {
    beginQuery(statement.context.transaction);
    // NO ACTION looks for another row with the key first.
    if (actionOf(constraint, lost) === 'a') beginQuery(statement.context.transaction);
  }
  const leave = enterAction(statement, child);
  try {
    await actOnChildren(statement, parent, child, constraint, lostKeys);
  } finally {
    leave();
  }
}

/** A foreign key's action is a trigger itself, run as the owner of the table that it changes: triggers that it sets off
 *  run within it. */
function enterAction({ context }: RunState, child: RelationDescriptor): () => void {
  if (triggerProgram(context, child)?.hasUserTriggers !== true) return () => undefined;
  const nesting = triggerDepth(context.session);
  const leave = context.session.service(functionSettings).actAs(child.owner);
  nesting.depth += 1;
  return () => {
    nesting.depth -= 1;
    leave();
  };
}

async function actOnChildren(
  statement: RunState,
  parent: RelationDescriptor,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  lostKeys: readonly LostKey[],
): Promise<void> {
  const { catalog } = statement.context;
  const textFor = ({ newKey }: LostKey) => childStatement(catalog, constraint, newKey === null);
  const triggers = StatementTriggers.for(statement, child, actionsOf(constraint, lostKeys));
  const [first] = lostKeys;
  if (triggers !== null && first !== undefined)
    await asStatement(
      () => textFor(first),
      () => triggers.before(false),
    );
  const children = findChildren(statement, parent, child, constraint, lostKeys);
  if (children.length > 0) {
    const target = openTarget(statement, child);
    // EXPLAIN ANALYZE counts what fires after the action alone, as PostgreSQL's does.
    const before = rowTriggers(statement, child, false);
    for (const [n, found] of children.entries()) {
      const action = actionOf(constraint, found.lost);
      const statementText = () => textFor(found.lost);
      if (action === 'a' || action === 'r') {
        if (action === 'a' && keyIsBack(statement, parent, child, constraint, found)) continue;
        if (await asStatement(statementText, () => stays(statement, parent, target, constraint, found)))
          throw stillReferenced(statement, parent, child, constraint, found.lost);
        continue;
      }
      await asStatement(statementText, () => applyAction(statement, target, before, constraint, action, found));
      if (action === 'd' && children[n + 1]?.lost !== found.lost)
        requireMoved(statement, parent, child, constraint, found.lost);
    }
  }
  await triggers?.after();
}

/** SET DEFAULT must not leave children that have the lost key as their default, or that a trigger has kept. */
function requireMoved(
  statement: RunState,
  parent: RelationDescriptor,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  lost: LostKey,
): void {
  const left = findChildren(statement, parent, child, constraint, [lost]);
  if (left.some((found) => !keyIsBack(statement, parent, child, constraint, found)))
    throw stillReferenced(statement, parent, child, constraint, lost);
}

function actionOf(constraint: ConstraintDescriptor, { newKey }: LostKey): string {
  return newKey === null ? constraint.onDelete : constraint.onUpdate;
}

/** The statements that PostgreSQL would run on the children: they fire triggers even where they find no row. */
function actionsOf(constraint: ConstraintDescriptor, lostKeys: readonly LostKey[]): readonly FiredOperation[] {
  const operations = new Map<string, FiredOperation>();
  for (const lost of lostKeys) {
    const action = actionOf(constraint, lost);
    if (action === 'a' || action === 'r') continue;
    if (action === 'c' && lost.newKey === null) operations.set('delete', { operation: 'delete', assigned: null });
    else operations.set('update', { operation: 'update', assigned: new Set(constraint.keys) });
  }
  return [...operations.values()];
}

/** NO ACTION allows what another row with the same key makes good by the statement's end. */
function keyIsBack(
  statement: RunState,
  parent: RelationDescriptor,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  found: Child,
): boolean {
  const finder = new ParentFinder(statement, parent, child, constraint);
  const key = finder.keyBytes(keyOf(found.row.values, constraint.keys));
  return key !== null && finder.exists(key);
}

/** Whether the child is still there with its key once whoever is about to take it away has ended. */
async function stays(
  statement: RunState,
  parent: RelationDescriptor,
  target: TargetTable,
  constraint: ConstraintDescriptor,
  { row, lost }: Child,
): Promise<boolean> {
  const waited = target.lock(row.rowid, 'keyShare', 'locking');
  if (!(waited instanceof Promise)) return true;
  await waited;
  const left = findChildren(statement, parent, target.relation, constraint, [lost]);
  if (left.some(({ row: { rowid } }) => rowid === row.rowid)) return true;
  forbidChange(statement, 'update');
  return false;
}

function stillReferenced(
  statement: RunState,
  parent: RelationDescriptor,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  lost: LostKey,
): Error {
  const keyText = columnKeyText(statement.context, parent, constraint.foreignKeys, lost.oldKey);
  const message = `update or delete on table "${parent.name}" violates foreign key constraint "${constraint.name}" on table "${child.name}"`;
  return pgError(SqlState.foreignKeyViolation, message, {
    detail: `Key ${keyText === null ? '' : `${keyText} `}is still referenced from table "${child.name}".`,
    schema: child.schemaName,
    table: child.name,
    constraint: constraint.name,
  });
}

async function applyAction(
  statement: RunState,
  target: TargetTable,
  triggers: RowTriggers | null,
  constraint: ConstraintDescriptor,
  action: string,
  found: Child,
): Promise<void> {
  const { transaction } = statement.context;
  const isDelete = action === 'c' && found.lost.newKey === null;
  const changed = new Set(constraint.keys);
  await target.lock(
    found.row.rowid,
    isDelete ? 'remove' : target.lockMode(changed),
    isDelete ? 'deleting' : 'updating',
  );
  const current = target.table.get(transaction.latestView(), found.row.rowid, null);
  if (current === null) return;
  if (isDelete) {
    if (triggers === null || (await triggers.beforeDelete(current))) await target.delete(current);
    return;
  }
  const values: Value[] = [...current.values];
  for (const [n, column] of constraint.keys.entries()) {
    if (action === 'c') values[column - 1] = cascadedValue(statement, target.relation, constraint, n, found.lost);
    else if (
      found.lost.newKey === null &&
      constraint.deleteSetColumns.length > 0 &&
      !constraint.deleteSetColumns.includes(column)
    )
      continue;
    else values[column - 1] = action === 'n' ? null : await defaultValue(statement, target.relation, column);
  }
  const ready = triggers === null ? values : await triggers.beforeUpdate(current, values, changed);
  if (ready !== null) await target.update(current, ready, ready === values ? changed : null, changed);
}

function cascadedValue(
  statement: RunState,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  n: number,
  lost: LostKey,
): Value {
  const { context } = statement;
  const parent = context.catalog.requireRelation(constraint.foreignRelation);
  const from = parent.attributes[(constraint.foreignKeys[n] ?? 0) - 1]?.type ?? 0;
  const to = child.attributes[(constraint.keys[n] ?? 0) - 1]?.type ?? 0;
  const value = lost.newKey?.[n] ?? null;
  if (value === null) return null;
  const converted = conversion(context, context.catalog, from, to)(value);
  if (converted !== undefined) return converted;
  // No child can hold the key: what it would be stored as finds no parent.
  const [source, target] = [baseType(context.catalog, from), baseType(context.catalog, to)];
  if (typeof value !== 'object' && rangeNames[target.behaviour.symbol] !== undefined)
    throw pgError(SqlState.numericValueOutOfRange, `${rangeNames[target.behaviour.symbol]} out of range`);
  return target.behaviour.input(source.behaviour.output(value, source, context.io), target, -1, context.io);
}

const rangeNames: Readonly<Record<string, string | undefined>> = {
  int2in: 'smallint',
  int4in: 'integer',
  int8in: 'bigint',
};

async function defaultValue(statement: RunState, child: RelationDescriptor, column: number): Promise<Value> {
  const json = child.attributes[column - 1]?.defaultExpr ?? null;
  const [expr] = json === null ? [] : storedExpressions(json);
  return expr === undefined ? null : evaluateExpression(expr, statement.context);
}

/** Rows of the referencing table that hold one of the keys, by an index on its columns or by one scan for all keys. */
function findChildren(
  statement: RunState,
  parent: RelationDescriptor,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  lostKeys: readonly LostKey[],
): Child[] {
  const { context } = statement;
  const convert = constraint.keys.map((column, n) => {
    const from = parent.attributes[(constraint.foreignKeys[n] ?? 0) - 1]?.type ?? 0;
    return conversion(context, context.catalog, from, child.attributes[column - 1]?.type ?? 0);
  });
  const wanted: WantedKey[] = [];
  for (const lost of lostKeys) {
    const key = lost.oldKey.map((value, n) => convert[n]?.(value));
    if (key.every((value) => value !== undefined)) wanted.push({ lost, key: key as Row });
  }
  const padded = paddedKeys(context.catalog, parent, child, constraint);
  // Texts that differ in blanks at their end stand at several places of an index.
  const index = padded.includes(true) ? null : childIndex(child, constraint);
  if (index !== null) return lookUpChildren(statement, child, constraint, index, wanted);
  const places = new Map(lostKeys.map((lost, n) => [lost, n]));
  const place = ({ lost }: Child): number => places.get(lost) ?? 0;
  return scanChildren(statement, child, constraint, { wanted, padded }).sort(
    (left, right) => place(left) - place(right),
  );
}

/** A lost key as the children hold it. */
interface WantedKey {
  readonly lost: LostKey;
  readonly key: Row;
}

/** Of each key column whether it is padded (char) in the parent alone: then the child's is compared without padding. */
function paddedKeys(
  catalog: Catalog,
  parent: RelationDescriptor,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
): boolean[] {
  const isPadded = (relation: RelationDescriptor, column: number) =>
    baseType(catalog, relation.attributes[column - 1]?.type ?? 0).behaviour.symbol === 'bpcharin';
  return constraint.keys.map(
    (column, n) => isPadded(parent, constraint.foreignKeys[n] ?? 0) && !isPadded(child, column),
  );
}

/** An index whose leading columns are the foreign key's. */
function childIndex(child: RelationDescriptor, constraint: ConstraintDescriptor): IndexDescriptor | null {
  return (
    child.indexes.find((index) => {
      if (!index.isValid || index.predicate !== null || index.keys.length < constraint.keys.length) return false;
      const leading = index.keys.slice(0, constraint.keys.length).map((key) => key.attribute);
      return constraint.keys.every((column) => leading.includes(column));
    }) ?? null
  );
}

function lookUpChildren(
  statement: RunState,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  index: IndexDescriptor,
  wanted: readonly WantedKey[],
): Child[] {
  const { context } = statement;
  const columns = keyColumns(context.catalog, index);
  const store = openIndex(context, index);
  const table = openTable(context, child);
  const view = context.transaction.constraintView();
  const order = index.keys.slice(0, constraint.keys.length).map((key) => constraint.keys.indexOf(key.attribute));
  const children: Child[] = [];
  for (const { lost, key } of wanted) {
    const prefix = encodeKey(
      columns,
      order.map((position) => key[position] as Value),
      (collation) => statement.ioFor(collation),
    );
    const cursor = store.scan(
      view,
      { lower: prefix, lowerInclusive: true, upper: prefix, upperInclusive: true },
      'forward',
    );
    for (let batch = cursor.next(256); batch.rowids.length > 0; batch = cursor.next(256)) {
      for (const row of table.getMany(view, batch.rowids, null)) if (row !== null) children.push({ row, lost });
    }
    cursor.close();
  }
  return children;
}

function scanChildren(
  statement: RunState,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  { wanted, padded }: { readonly wanted: readonly WantedKey[]; readonly padded: readonly boolean[] },
): Child[] {
  const { context } = statement;
  const hashes = constraint.keys.map((column) =>
    requireHashKey(context.catalog, baseType(context.catalog, child.attributes[column - 1]?.type ?? 0).oid),
  );
  const textOf = (key: Row): string =>
    key
      .map((value, n) =>
        keyPart(
          padded[n] === true && typeof value === 'string' ? value.replace(/ +$/, '') : value,
          hashes[n] as (typeof hashes)[number],
          statement.ioFor(child.attributes[(constraint.keys[n] ?? 0) - 1]?.collation ?? 0),
        ),
      )
      .join('');
  const byKey = new Map(wanted.map(({ lost, key }) => [textOf(key), lost]));
  const table = openTable(context, child);
  const view = context.transaction.constraintView();
  const cursor = table.scan(view, { attributes: null, direction: 'forward' });
  const children: Child[] = [];
  for (let batch = cursor.next(4096); batch.rowCount > 0; batch = cursor.next(4096)) {
    context.checkInterrupts();
    for (let n = 0; n < batch.rowCount; n++) {
      const values = batch.rows[n] as Row;
      const lost = byKey.get(textOf(keyOf(values, constraint.keys)));
      if (lost === undefined) continue;
      children.push({ row: { rowid: batch.rowids[n] as number, stamp: batch.stamps[n] as bigint, values }, lost });
    }
  }
  cursor.close();
  return children;
}
