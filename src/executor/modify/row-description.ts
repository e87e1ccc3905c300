// Rows and keys in the words of PostgreSQL's constraint errors: "Failing row contains (1, null).", "Key (a)=(1)".
import { expressionText } from '../../catalog/deparse/expressions-text.js';
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { Row, Value } from '../../types/value.js';
import type { ExecutionContext } from '../api.js';
import { storedExpressions } from '../stored-expressions.js';

/** Longer values are cut in "Failing row contains". */
const fieldCharactersMax = 64;

export function failingRow(context: ExecutionContext, relation: RelationDescriptor, row: Row): string {
  const fields = relation.attributes
    .filter((attribute) => !attribute.isDropped)
    .map((attribute) => {
      const text = valueText(context, attribute.type, row[attribute.number - 1] ?? null);
      return text.length > fieldCharactersMax ? `${text.slice(0, fieldCharactersMax)}...` : text;
    });
  return `Failing row contains (${fields.join(', ')}).`;
}

export function valueText(context: ExecutionContext, type: number, value: Value): string {
  if (value === null) return 'null';
  const descriptor = context.catalog.typeByOid(type);
  return descriptor.behaviour.output(value, descriptor, context.io);
}

/** "(a, lower(b))=(1, x)" */
export function indexKeyText(
  context: ExecutionContext,
  relation: RelationDescriptor,
  index: IndexDescriptor,
  values: Row,
): string {
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

/** "(a, b)=(1, 2)" of plain columns. */
export function columnKeyText(
  context: ExecutionContext,
  relation: RelationDescriptor,
  columns: readonly number[],
  values: readonly Value[],
  types: readonly number[] = columns.map((column) => relation.attributes[column - 1]?.type ?? 25),
): string {
  const names = columns.map((column) => relation.attributes[column - 1]?.name ?? '');
  const texts = values.map((value, n) => valueText(context, types[n] ?? 25, value));
  return `(${names.join(', ')})=(${texts.join(', ')})`;
}
