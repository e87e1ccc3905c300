// What a column gets where no value is given: its default, its identity sequence's next value, its domain's default.
import type { Catalog } from '../catalog/api.js';
import type { AttributeDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import type { Expression } from '../trees/expression.js';
import { expressionType } from '../trees/expression-type.js';
import { expressionFromJson } from '../trees/json.js';

const relationClass = 1259;

/** The default expression of a column; null where it has none. Throws 0A000 where its sequence is gone. */
export function columnDefault(
  catalog: Catalog,
  relation: RelationDescriptor,
  attribute: AttributeDescriptor,
): Expression | null {
  if (attribute.identity !== '') {
    return {
      kind: 'NextValueExpr',
      sequence: identitySequence(catalog, relation.oid, attribute.number),
      type: attribute.type,
    };
  }
  if (attribute.generated === '' && attribute.defaultExpr !== null) {
    return expressionFromJson(attribute.defaultExpr);
  }
  const stored = domainDefault(catalog, attribute.type);
  if (stored === null) return null;
  const expr = expressionFromJson(stored);
  if (expressionType(expr) === attribute.type) return expr;
  // A domain's default is kept as a value of the type beneath it.
  const { type, collation } = attribute;
  return { kind: 'CoerceToDomain', arg: expr, type, typmod: -1, collation, form: 'implicitCast', location: -1 };
}

/** NULL of the column's type; domains check it when it is stored. */
export function nullOf(catalog: Catalog, attribute: AttributeDescriptor): Expression {
  const type = catalog.typeByOid(attribute.type);
  if (type.kind !== 'd') {
    return {
      kind: 'Const',
      type: attribute.type,
      typmod: attribute.typmod,
      collation: attribute.collation,
      value: null,
      location: -1,
    };
  }
  let base = type;
  let typmod = -1;
  while (base.kind === 'd') {
    typmod = base.typmod;
    base = catalog.typeByOid(base.baseType);
  }
  return {
    kind: 'CoerceToDomain',
    arg: { kind: 'Const', type: base.oid, typmod, collation: base.collation, value: null, location: -1 },
    type: attribute.type,
    typmod: -1,
    collation: type.collation,
    form: 'implicitCast',
    location: -1,
  };
}

/** The sequence that an identity column owns. */
export function identitySequence(catalog: Catalog, relation: number, attribute: number): number {
  for (const { row } of catalog.tables.find('pg_depend', {
    refclassid: relationClass,
    refobjid: relation,
    refobjsubid: attribute,
  })) {
    if (row.deptype === 'i' && row.classid === relationClass && catalog.relation(Number(row.objid))?.kind === 'S')
      return Number(row.objid);
  }
  throw new Error(`invariant broken: no owned sequence for column ${attribute} of relation ${relation}`);
}

function domainDefault(catalog: Catalog, type: number): string | null {
  let current = catalog.typeByOid(type);
  while (current.kind === 'd') {
    const stored = catalog.tables.findOne('pg_type', { oid: current.oid })?.row.typdefaultbin ?? null;
    if (stored !== null) return stored;
    current = catalog.typeByOid(current.baseType);
  }
  return null;
}
