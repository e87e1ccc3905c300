// The referencing side of foreign keys: every child row's parent must exist, and stay until this transaction ends.
import type { Catalog } from '../../catalog/api.js';
import type { ConstraintDescriptor, IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { PgError, SqlState, pgError } from '../../errors/pg-error.js';
import { defined } from '../../errors/unreachable.js';
import { Numeric } from '../../types/numeric.js';
import type { Transaction, WaitPurpose } from '../../transaction/api.js';
import type { Row, Value } from '../../types/value.js';
import type { ExecutionContext } from '../api.js';
import { encodeKey, keyColumns } from '../index-keys.js';
import { baseType } from '../operators.js';
import type { RunState } from '../state.js';
import { openIndex, openTable } from '../tables.js';
import { asStatement, parentStatement } from './foreign-key-statements.js';
import type { ChildRow } from './foreign-keys.js';
import { columnKeyText } from './row-description.js';

/** MATCH FULL: all of the key is null or nothing of it. */
export function requireWholeKey(child: RelationDescriptor, constraint: ConstraintDescriptor, key: Row): void {
  const nulls = key.filter((value) => value === null).length;
  if (nulls === 0 || nulls === key.length) return;
  throw violation(child, constraint, 'MATCH FULL does not allow mixing of null and nonnull key values.');
}

/** Throws 23503 unless each row's parent is there; locks the parents FOR KEY SHARE. Rows that are gone or changed again
 *  (deferred checks) owe nothing. */
export async function checkParents(
  statement: RunState,
  child: RelationDescriptor,
  constraint: ConstraintDescriptor,
  rows: readonly ChildRow[],
): Promise<void> {
  const { context } = statement;
  const parent = context.catalog.requireRelation(constraint.foreignRelation);
  const finder = new ParentFinder(statement, parent, child, constraint);
  const childTable = openTable(context, child);
  const statementText = () => parentStatement(context.catalog, constraint);
  const checked = new Set<string>();
  for (const { rowid, key } of rows) {
    beginQuery(context.transaction);
    const keyBytes = finder.keyBytes(key);
    const id = keyBytes === null ? null : keyBytes.toString('latin1');
    if (id !== null && checked.has(id)) continue;
    if (keyBytes !== null && (await asStatement(statementText, () => finder.lockParent(keyBytes)))) {
      checked.add(id as string);
      continue;
    }
    const current = childTable.get(context.transaction.latestView(), rowid, constraint.keys);
    if (
      current === null ||
      !constraint.keys.every((column, n) => sameStored(current.values[column - 1] ?? null, key[n] ?? null))
    )
      continue;
    const keyText = columnKeyText(context, child, constraint.keys, key);
    throw violation(
      child,
      constraint,
      `Key ${keyText === null ? '' : `${keyText} `}is not present in table "${parent.name}".`,
    );
  }
}

/** To PostgreSQL each check is a query that locks rows, and so a command of its own: cmin shows it. */
export function beginQuery(transaction: Transaction): void {
  transaction.advanceCommand();
  transaction.useCommand();
}

function sameStored(left: Value, right: Value): boolean {
  if (left === null || right === null) return left === right;
  if (typeof left === 'object') return true;
  return left === right;
}

function violation(child: RelationDescriptor, constraint: ConstraintDescriptor, detail: string): Error {
  const message = `insert or update on table "${child.name}" violates foreign key constraint "${constraint.name}"`;
  return pgError(SqlState.foreignKeyViolation, message, {
    detail,
    schema: child.schemaName,
    table: child.name,
    constraint: constraint.name,
  });
}

/** Finds parents by the unique index that the foreign key relies on. */
export class ParentFinder {
  private readonly index: IndexDescriptor;
  private readonly columns;
  private readonly convert: readonly ((value: Value) => Value | undefined)[];
  /** For each index column: position in the foreign key. */
  private readonly order: readonly number[];

  constructor(
    private readonly x: RunState,
    private readonly parent: RelationDescriptor,
    child: RelationDescriptor,
    constraint: ConstraintDescriptor,
  ) {
    const { catalog } = x.context;
    this.index = defined(
      parent.indexes.find(({ oid }) => oid === constraint.index),
      `index of foreign key ${constraint.name}`,
    );
    this.columns = keyColumns(catalog, this.index);
    this.order = this.index.keys.map((key) => constraint.foreignKeys.indexOf(key.attribute));
    this.convert = this.order.map((position, n) => {
      const from = child.attributes[(constraint.keys[position] ?? 0) - 1]?.type ?? 0;
      return conversion(x.context, catalog, from, this.index.keys[n]?.type ?? 0);
    });
  }

  /** Index key of a foreign key's values; null where the parent's type can't hold them. */
  keyBytes(key: Row): Buffer | null {
    const values: Value[] = [];
    for (let n = 0; n < this.order.length; n++) {
      const value = this.convert[n]?.(key[this.order[n] as number] as Value);
      if (value === undefined) return null;
      values.push(value);
    }
    return encodeKey(this.columns, values, (collation) => this.x.ioFor(collation));
  }

  /** True where the parent is there and now locked FOR KEY SHARE. */
  async lockParent(key: Buffer): Promise<boolean> {
    const { transaction } = this.x.context;
    const store = openIndex(this.x.context, this.index);
    const [rowid] = store.lookup(transaction.constraintView(), key);
    // A parent that another transaction is still inserting is not there yet.
    if (rowid === undefined) return false;
    const purpose: WaitPurpose = { doing: 'locking', relation: this.parent.name };
    const granted = transaction.lockRow(this.parent.file.filenode, rowid, 'keyShare', 'block', purpose);
    if (granted instanceof Promise) await granted;
    if (store.lookup(transaction.latestView(), key).length === 0) return false;
    if (transaction.isolation === 'serializable')
      openTable(this.x.context, this.parent).get(transaction.constraintView(), rowid, []);
    return true;
  }

  exists(key: Buffer): boolean {
    return openIndex(this.x.context, this.index).lookup(this.x.context.transaction.constraintView(), key).length > 0;
  }
}

const integers = new Set(['int2in', 'int4in', 'int8in']);

/** How a foreign key's value becomes one of the referenced column's type; undefined where it can't. */
export function conversion(
  context: ExecutionContext,
  catalog: Catalog,
  from: number,
  to: number,
): (value: Value) => Value | undefined {
  const source = baseType(catalog, from);
  const target = baseType(catalog, to);
  if (source.behaviour === target.behaviour || source.oid === target.oid) return (value) => value;
  const [input, output] = [source.behaviour.symbol, target.behaviour.symbol];
  if (integers.has(input) && integers.has(output)) return (value) => fitted(value as number | bigint, output);
  if (integers.has(input) && output === 'numeric_in')
    return (value) => Numeric.fromBigInt(BigInt(value as number | bigint));
  // A shorter float is the same number as a longer one; few longer ones are those of a shorter.
  if (floats.has(input) && output === 'float4in')
    return (value) => (Object.is(Math.fround(value as number), value) ? value : undefined);
  if (floats.has(input) && output === 'float8in') return (value) => value;
  const there = (value: Value) => {
    const text = source.behaviour.output(value, source, context.io);
    return target.behaviour.input(textFor(text, input, output), target, -1, context.io);
  };
  if (texts.has(input) && texts.has(output)) return there;
  return (value) => {
    const back = reading(() => {
      const converted = there(value);
      const text = target.behaviour.output(converted, target, context.io);
      return [converted, source.behaviour.input(text, source, -1, context.io)] as const;
    });
    if (back === undefined) return undefined;
    const same =
      source.behaviour.output(back[1], source, context.io) === source.behaviour.output(value, source, context.io);
    return same || input === 'numeric_in' ? back[0] : undefined;
  };
}

/** Padding counts for nothing, and neither do the zeros behind a number's point. */
function textFor(text: string, input: string, output: string): string {
  if (input === 'bpcharin') return text.replace(/ +$/, '');
  return input === 'numeric_in' && integers.has(output) ? text.replace(/\.0*$/, '') : text;
}

/** What a value reads as in another type; undefined where it can't be read there. */
function reading<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof PgError) return undefined;
    throw error;
  }
}

const floats = new Set(['float4in', 'float8in']);
const texts = new Set(['textin', 'varcharin', 'bpcharin', 'namein']);

const bounds: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int2in: [-32768n, 32767n],
  int4in: [-2147483648n, 2147483647n],
};

function fitted(value: number | bigint, symbol: string): Value | undefined {
  const exact = BigInt(value);
  const range = bounds[symbol];
  if (range === undefined) return exact;
  return exact < range[0] || exact > range[1] ? undefined : Number(exact);
}
