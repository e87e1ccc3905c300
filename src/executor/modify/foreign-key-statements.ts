// The statements that PostgreSQL's foreign key triggers run, as its errors tell them: `SQL statement "SELECT 1 FROM ..."`
// in the CONTEXT of what goes wrong while a parent is looked for or children are acted on.
import type { Catalog } from '../../catalog/api.js';
import type { ConstraintDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { withContext } from '../../errors/context.js';
import { quoteIdentifier } from '../../types/quote.js';

/** Looks the parent of a new child up. */
export function parentStatement(catalog: Catalog, constraint: ConstraintDescriptor): string {
  const parent = catalog.requireRelation(constraint.foreignRelation);
  return `SELECT 1 FROM ONLY ${table(parent)} x WHERE ${parentQual(catalog, constraint)} FOR KEY SHARE OF x`;
}

/** Acts on the children of a lost key. */
export function childStatement(catalog: Catalog, constraint: ConstraintDescriptor, isDelete: boolean): string {
  const child = catalog.requireRelation(constraint.relation);
  const action = isDelete ? constraint.onDelete : constraint.onUpdate;
  if (action === 'a' || action === 'r')
    return `SELECT 1 FROM ONLY ${table(child)} x WHERE ${childQual(catalog, constraint, 1)} FOR KEY SHARE OF x`;
  if (action === 'c' && isDelete) return `DELETE FROM ONLY ${table(child)} WHERE ${childQual(catalog, constraint, 1)}`;
  const chosen = isDelete && constraint.deleteSetColumns.length > 0 ? constraint.deleteSetColumns : constraint.keys;
  const set = chosen.map((key, n) => {
    const value = action === 'c' ? `$${n + 1}` : action === 'n' ? 'NULL' : 'DEFAULT';
    return `${column(child, key)} = ${value}`;
  });
  const first = action === 'c' ? constraint.keys.length + 1 : 1;
  return `UPDATE ONLY ${table(child)} SET ${set.join(', ')} WHERE ${childQual(catalog, constraint, first)}`;
}

/** Runs what stands for a statement; its errors say which. */
export async function asStatement<T>(statement: () => string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw withContext(error, `SQL statement "${statement()}"`);
  }
}

function parentQual(catalog: Catalog, constraint: ConstraintDescriptor): string {
  const { parent, types } = sides(catalog, constraint);
  return types
    .map(({ key, left, right }, n) => `${column(parent, key)}${left} ${equals} $${n + 1}${right}`)
    .join(' AND ');
}

function childQual(catalog: Catalog, constraint: ConstraintDescriptor, first: number): string {
  const { child, types } = sides(catalog, constraint);
  return types
    .map(({ left, right }, n) => `$${first + n}${left} ${equals} ${column(child, constraint.keys[n] ?? 0)}${right}`)
    .join(' AND ');
}

const equals = 'OPERATOR(pg_catalog.=)';

/** Of each key column the casts that its operator's operands need: parent's left, child's right. */
function sides(catalog: Catalog, constraint: ConstraintDescriptor) {
  const parent = catalog.requireRelation(constraint.foreignRelation);
  const child = catalog.requireRelation(constraint.relation);
  const types = constraint.foreignKeys.map((key, n) => {
    const operator = catalog.operator(constraint.equalityOperators[n] ?? 0);
    return {
      key,
      left: cast(catalog, parent.attributes[key - 1]?.type ?? 0, operator?.left ?? 0),
      right: cast(catalog, child.attributes[(constraint.keys[n] ?? 0) - 1]?.type ?? 0, operator?.right ?? 0),
    };
  });
  return { parent, child, types };
}

function cast(catalog: Catalog, from: number, to: number): string {
  if (from === to || to === 0) return '';
  const { schema, name } = catalog.typeByOid(to);
  return `::${catalog.io.names.toText('regnamespace', schema)}.${quoteIdentifier(name)}`;
}

function table({ schemaName, name }: RelationDescriptor): string {
  return `${quoted(schemaName)}.${quoted(name)}`;
}

function column(relation: RelationDescriptor, number: number): string {
  return quoted(relation.attributes[number - 1]?.name ?? '');
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
