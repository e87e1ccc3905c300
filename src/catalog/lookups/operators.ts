// Operators: by oid, and by name along the search path.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { OperatorDescriptor } from '../descriptors.js';
import type { PgOperatorRow } from '../generated/rows.js';
import { alongPath, type FunctionLookups } from './functions.js';
import type { LookupBase } from './lookup-base.js';
import type { NamespaceLookups } from './namespaces.js';

export interface OperatorLookups {
  operator(oid: number): OperatorDescriptor | null;
  requireOperator(oid: number): OperatorDescriptor;
  operatorsNamed(schema: string | null, name: string, kind: 'b' | 'l'): readonly OperatorDescriptor[];
}

export function operatorLookups(
  { tables, cache }: LookupBase,
  namespaces: NamespaceLookups,
  functions: FunctionLookups,
): OperatorLookups {
  const byOid = cache.region<number, OperatorDescriptor | null>('operators', ['pg_operator', 'pg_proc']);
  const byName = cache.region<string, readonly OperatorDescriptor[]>('operatorsByName', ['pg_operator', 'pg_proc']);

  const estimatorName = (oid: number): string => functions.function(oid)?.name ?? '';

  const describe = (row: PgOperatorRow): OperatorDescriptor =>
    Object.freeze({
      oid: row.oid,
      name: row.oprname,
      schema: row.oprnamespace,
      owner: row.oprowner,
      kind: row.oprkind as OperatorDescriptor['kind'],
      left: row.oprleft,
      right: row.oprright,
      result: row.oprresult,
      commutator: row.oprcom,
      negator: row.oprnegate,
      function: row.oprcode,
      restrictEstimator: estimatorName(row.oprrest),
      joinEstimator: estimatorName(row.oprjoin),
      canMerge: row.oprcanmerge,
      canHash: row.oprcanhash,
    });

  const operator = (oid: number): OperatorDescriptor | null =>
    byOid.get(oid, () => {
      const entry = tables.findOne('pg_operator', { oid });
      return entry === null ? null : describe(entry.row);
    });

  return {
    operator,
    requireOperator(oid) {
      const found = operator(oid);
      if (found === null) throw pgError(SqlState.internalError, `cache lookup failed for operator ${oid}`);
      return found;
    },
    operatorsNamed(schema, name, kind) {
      const all = byName.get(name, () => tables.find('pg_operator', { oprname: name }).map(({ row }) => describe(row)));
      const wanted = all.filter((candidate) => candidate.kind === kind);
      return alongPath(wanted, namespaces.lookupPathWithoutTemporary(schema), ({ left, right }) => `${left} ${right}`);
    },
  };
}
