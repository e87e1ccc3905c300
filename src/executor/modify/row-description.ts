// Rows and keys in the words of PostgreSQL's constraint errors: "Failing row contains (1, null).", "Key (a)=(1)".
import { expressionText } from '../../catalog/deparse/expressions-text.js';
import type { AccessControl } from '../../catalog/access.js';
import type { Catalog } from '../../catalog/api.js';
import type { AttributeDescriptor, IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { Row, Value } from '../../types/value.js';
import type { ExecutionContext } from '../api.js';
import type { RunState } from '../state.js';
import { storedExpressions } from '../stored-expressions.js';

/** Longer values are cut in "Failing row contains". */
const fieldCharactersMax = 64;

/** "Failing row contains (...)": all of the row to who may read the table; else the columns that the user may read or
 *  has given; null where there are none. */
export function failingRow(x: RunState, relation: RelationDescriptor, row: Row): string | undefined {
  const { context } = x;
  const live = relation.attributes.filter((attribute) => !attribute.isDropped);
  const text = (attribute: AttributeDescriptor): string => {
    const value = valueText(context, attribute.type, row[attribute.number - 1] ?? null);
    return value.length > fieldCharactersMax ? `${value.slice(0, fieldCharactersMax)}...` : value;
  };
  if (mayRead(context, relation, [])) return `Failing row contains (${live.map(text).join(', ')}).`;
  const given = writtenColumns(x, relation.oid);
  const shown = live.filter(({ number }) => given.has(number) || mayRead(context, relation, [number]));
  if (shown.length === 0) return undefined;
  return `Failing row contains (${shown.map(({ name }) => name).join(', ')}) = (${shown.map(text).join(', ')}).`;
}

const aclSelect = 2;

/** The user may read the table, or all of these columns. */
function mayRead(context: ExecutionContext, relation: RelationDescriptor, columns: readonly number[]): boolean {
  const { access } = context.catalog as Catalog & { readonly access?: AccessControl };
  if (access === undefined || relation.owner === context.userId) return true;
  if (access.mask('r', relation.oid, context.userId, aclSelect) !== 0) return true;
  return (
    columns.length > 0 &&
    columns.every((column) => column > 0 && access.columnMask(relation.oid, column, context.userId, aclSelect) !== 0)
  );
}

/** Columns of the relation that the statement assigns to. */
function writtenColumns(x: RunState, relation: number): ReadonlySet<number> {
  const entries = (x.planned?.rangeTable ?? []).filter(
    (entry) => entry.kind === 'relation' && entry.relation === relation,
  );
  return new Set(
    entries.flatMap((entry) =>
      entry.kind === 'relation' && entry.permissions !== null
        ? [...entry.permissions.inserted, ...entry.permissions.updated]
        : [],
    ),
  );
}

export function valueText(context: ExecutionContext, type: number, value: Value): string {
  if (value === null) return 'null';
  const descriptor = context.catalog.typeByOid(type);
  return descriptor.behaviour.output(value, descriptor, context.io);
}

/** "(a, lower(b))=(1, x)"; null for who may not read all of it. */
export function indexKeyText(
  context: ExecutionContext,
  relation: RelationDescriptor,
  index: IndexDescriptor,
  values: Row,
): string | null {
  const columns = index.keys.map((key) => key.attribute);
  if (!mayRead(context, relation, columns)) return null;
  const expressions = index.expressions === null ? [] : storedExpressions(index.expressions);
  let nextExpression = 0;
  const names = index.keys.map((key) => {
    if (key.attribute !== 0) return relation.attributes[key.attribute - 1]?.name ?? '';
    const expr = expressions[nextExpression++];
    return expr === undefined ? '' : expressionText(context.catalog, expr, relation.oid, { pretty: false });
  });
  const texts = index.keys.map((key, n) => {
    const attribute = relation.attributes[key.attribute - 1];
    return valueText(context, attribute?.type ?? key.type, values[n] ?? null);
  });
  return `(${names.join(', ')})=(${texts.join(', ')})`;
}

/** "(a, b)=(1, 2)" of plain columns; null for who may not read them. */
export function columnKeyText(
  context: ExecutionContext,
  relation: RelationDescriptor,
  columns: readonly number[],
  values: readonly Value[],
  types: readonly number[] = columns.map((column) => relation.attributes[column - 1]?.type ?? 25),
): string | null {
  if (!mayRead(context, relation, columns)) return null;
  const names = columns.map((column) => relation.attributes[column - 1]?.name ?? '');
  const texts = values.map((value, n) => valueText(context, types[n] ?? 25, value));
  return `(${names.join(', ')})=(${texts.join(', ')})`;
}
