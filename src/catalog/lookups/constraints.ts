// Constraints of tables and domains, and statistics: plain readings of their catalog rows.
import type { PgArray } from '../../types/value.js';
import type { ColumnStatistics, ConstraintDescriptor } from '../descriptors.js';
import type { PgConstraintRow, PgStatisticRow } from '../generated/rows.js';
import { forgetKeys } from '../catalog-changes.js';
import type { LookupBase } from './lookup-base.js';

export interface ConstraintLookups {
  constraint(oid: number): ConstraintDescriptor | null;
  domainConstraints(type: number): readonly ConstraintDescriptor[];
  statistics(relation: number, attribute: number): ColumnStatistics | null;
}

export function constraintLookups({ tables, cache }: LookupBase): ConstraintLookups {
  const byOid = cache.region<number, ConstraintDescriptor | null>('constraints', ['pg_constraint'], {
    forget: forgetKeys({ pg_constraint: (row) => row.oid }),
  });
  const byDomain = cache.region<number, readonly ConstraintDescriptor[]>('domainConstraints', ['pg_constraint'], {
    forget: forgetKeys({ pg_constraint: (row) => row.contypid }),
  });
  const columns = cache.region<string, ColumnStatistics | null>('statistics', ['pg_statistic']);
  return {
    constraint: (oid) =>
      byOid.get(oid, () => {
        const entry = tables.findOne('pg_constraint', { oid });
        return entry === null ? null : describeConstraint(entry.row);
      }),
    domainConstraints: (type) =>
      byDomain.get(type, () =>
        tables
          .find('pg_constraint', { contypid: type })
          .map(({ row }) => describeConstraint(row))
          .sort((left, right) => (left.name < right.name ? -1 : 1)),
      ),
    statistics: (relation, attribute) =>
      columns.get(`${relation} ${attribute}`, () => {
        const entry = tables.findOne('pg_statistic', { starelid: relation, staattnum: attribute, stainherit: false });
        return entry === null ? null : describeStatistics(entry.row);
      }),
  };
}

export function describeConstraint(row: PgConstraintRow): ConstraintDescriptor {
  return Object.freeze({
    oid: row.oid,
    name: row.conname,
    schema: row.connamespace,
    kind: row.contype,
    relation: row.conrelid,
    domain: row.contypid,
    index: row.conindid,
    deferrable: row.condeferrable,
    initiallyDeferred: row.condeferred,
    validated: row.convalidated,
    isLocal: row.conislocal,
    noInherit: row.connoinherit,
    keys: row.conkey ?? [],
    foreignRelation: row.confrelid,
    foreignKeys: row.confkey ?? [],
    onUpdate: row.confupdtype,
    onDelete: row.confdeltype,
    match: row.confmatchtype,
    deleteSetColumns: row.confdelsetcols ?? [],
    equalityOperators: row.conpfeqop ?? [],
    expression: row.conbin,
  });
}

/** Slots of a pg_statistic row: stakind 1 most common values, 2 histogram, 3 correlation. */
function describeStatistics(row: PgStatisticRow): ColumnStatistics {
  const slots = [
    { kind: row.stakind1, numbers: row.stanumbers1, values: row.stavalues1 },
    { kind: row.stakind2, numbers: row.stanumbers2, values: row.stavalues2 },
    { kind: row.stakind3, numbers: row.stanumbers3, values: row.stavalues3 },
    { kind: row.stakind4, numbers: row.stanumbers4, values: row.stavalues4 },
    { kind: row.stakind5, numbers: row.stanumbers5, values: row.stavalues5 },
  ];
  const slot = (kind: number) => slots.find((candidate) => candidate.kind === kind);
  const valuesOf = (values: PgArray | null | undefined) => values?.elements ?? [];
  return {
    nullFraction: row.stanullfrac,
    averageWidth: row.stawidth,
    distinct: row.stadistinct,
    mostCommonValues: valuesOf(slot(1)?.values),
    mostCommonFrequencies: slot(1)?.numbers ?? [],
    histogramBounds: valuesOf(slot(2)?.values),
    correlation: slot(3)?.numbers?.[0] ?? 0,
  };
}
