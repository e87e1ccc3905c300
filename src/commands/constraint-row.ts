// pg_constraint rows and what depends on them: one function for all kinds.
import type { PgConstraintRow } from '../catalog/generated/rows.js';
import type { Expression } from '../trees/expression.js';
import { treeToJson } from '../trees/json.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { columnAddresses, recordDependencies, recordDependency } from './depend.js';
import { recordExpressionDependencies } from './expression-dependencies.js';

export interface NewConstraint {
  readonly name: string;
  readonly schema: number;
  /** c, f, p, u, x, t. */
  readonly kind: string;
  /** Table, or 0 for a domain's. */
  readonly relation: number;
  readonly domain?: number;
  readonly index?: number;
  readonly deferrable?: boolean;
  readonly initiallyDeferred?: boolean;
  readonly validated?: boolean;
  readonly keys?: readonly number[];
  /** INCLUDE columns of its index. */
  readonly includes?: readonly number[];
  readonly noInherit?: boolean;
  readonly isLocal?: boolean;
  readonly inheritCount?: number;
  readonly expression?: Expression;
  readonly foreign?: ForeignKeyPart;
}
export interface ForeignKeyPart {
  readonly relation: number;
  readonly keys: readonly number[];
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly match: string;
  readonly deleteSetColumns: readonly number[];
  /** Equality operators pk = fk, pk = pk, fk = fk for each key. */
  readonly pfOperators: readonly number[];
  readonly ppOperators: readonly number[];
  readonly ffOperators: readonly number[];
}

/** Inserts the row and its dependencies; returns the new oid. */
export async function insertConstraint(context: CommandContext, constraint: NewConstraint): Promise<number> {
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_constraint');
  await tables.insert(context.transaction, 'pg_constraint', constraintRow(oid, constraint));
  const address = objectAddress(ClassOid.constraint, oid);
  if (constraint.relation !== 0) {
    await recordDependencies(
      context,
      address,
      columnAddresses(constraint.relation, [...(constraint.keys ?? []), ...(constraint.includes ?? [])]),
      'a',
    );
  }
  if (constraint.domain) await recordDependency(context, address, objectAddress(ClassOid.type, constraint.domain), 'a');
  if (constraint.foreign) await recordForeignKey(context, address, constraint);
  if (constraint.expression) {
    await recordExpressionDependencies(context, address, constraint.expression, {
      relation: constraint.relation,
      type: 'n',
      selfType: 'n',
    });
  }
  return oid;
}

function constraintRow(oid: number, constraint: NewConstraint): PgConstraintRow {
  const { foreign } = constraint;
  const keys = constraint.keys ?? [];
  const list = (values: readonly number[] | undefined): readonly number[] | null =>
    values === undefined || values.length === 0 ? null : values;
  return {
    oid,
    conname: constraint.name,
    connamespace: constraint.schema,
    contype: constraint.kind,
    condeferrable: constraint.deferrable ?? false,
    condeferred: constraint.initiallyDeferred ?? false,
    convalidated: constraint.validated ?? true,
    conrelid: constraint.relation,
    contypid: constraint.domain ?? 0,
    conindid: constraint.index ?? 0,
    conparentid: 0,
    confrelid: foreign?.relation ?? 0,
    confupdtype: foreign?.onUpdate ?? ' ',
    confdeltype: foreign?.onDelete ?? ' ',
    confmatchtype: foreign?.match ?? ' ',
    conislocal: constraint.isLocal ?? true,
    coninhcount: constraint.inheritCount ?? 0,
    connoinherit: constraint.noInherit ?? false,
    conkey: list(keys),
    confkey: list(foreign?.keys),
    conpfeqop: list(foreign?.pfOperators),
    conppeqop: list(foreign?.ppOperators),
    conffeqop: list(foreign?.ffOperators),
    confdelsetcols: list(foreign?.deleteSetColumns),
    conexclop: null,
    conbin: constraint.expression ? treeToJson(constraint.expression) : null,
  };
}

async function recordForeignKey(
  context: CommandContext,
  address: ObjectAddress,
  constraint: NewConstraint,
): Promise<void> {
  const { foreign, index } = constraint;
  if (!foreign) return;
  await recordDependencies(context, address, columnAddresses(foreign.relation, foreign.keys), 'n');
  if (index) await recordDependency(context, address, objectAddress(ClassOid.class, index), 'n');
  const operators = [...foreign.pfOperators, ...foreign.ppOperators, ...foreign.ffOperators];
  await recordDependencies(
    context,
    address,
    operators.map((oid) => objectAddress(ClassOid.operator, oid)),
    'n',
  );
}
