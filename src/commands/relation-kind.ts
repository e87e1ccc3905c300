// Words for kinds of relations in messages.
import type { RelationDescriptor } from '../catalog/descriptors.js';

const plurals: Readonly<Record<string, string>> = {
  r: 'tables',
  i: 'indexes',
  S: 'sequences',
  t: 'TOAST tables',
  v: 'views',
  m: 'materialized views',
  c: 'composite types',
  f: 'foreign tables',
  p: 'partitioned tables',
  I: 'partitioned indexes',
};

const singulars: Readonly<Record<string, string>> = {
  r: 'table',
  i: 'index',
  S: 'sequence',
  t: 'TOAST table',
  v: 'view',
  m: 'materialized view',
  c: 'composite type',
  f: 'foreign table',
  p: 'table',
  I: 'index',
};

/** "This operation is not supported for views." */
export function kindDetail(kind: string): string {
  return `This operation is not supported for ${plurals[kind] ?? 'relations'}.`;
}

export function kindPlural(kind: string): string {
  return plurals[kind] ?? 'relations';
}

/** The kind's noun as ownership and privilege errors have it. */
export function kindNoun(relation: Pick<RelationDescriptor, 'kind'>): string {
  return singulars[relation.kind] ?? 'relation';
}
