// Schemas and the search path: what "$user", pg_temp and the implicit pg_catalog stand for (manual, section 5.10.3).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { NamespaceDescriptor } from '../descriptors.js';
import { pgCatalogNamespace } from '../oids.js';
import { aclBit } from '../acl-text.js';
import { forgetKeys } from '../catalog-changes.js';
import type { LookupBase } from './lookup-base.js';
import { splitIdentifierList } from '../identifier-list.js';

export interface NamespaceLookups {
  namespace(oid: number): NamespaceDescriptor | null;
  findNamespace(name: string): NamespaceDescriptor | null;
  searchPath(): readonly number[];
  /** The schemas that the setting names, without those that are searched anyway. */
  writtenSearchPath(): readonly number[];
  creationNamespace(): NamespaceDescriptor;
  /** The session's pg_temp schema, 0 while there is none. */
  temporaryOid(): number;
  temporaryNamespace(create: boolean): Promise<NamespaceDescriptor | null>;
  /** False: the session has made nothing temporary. */
  hasTemporaryNamespace(): boolean;
  /** Schemas in which to look for a relation or type: the path, or the one named (pg_temp too); none if it is unknown. */
  lookupPath(schema: string | null): readonly number[];
  /** As lookupPath, for functions, operators and the like: unqualified names never stand for temporary ones. */
  lookupPathWithoutTemporary(schema: string | null): readonly number[];
  /** True for any session's temporary schema. */
  isTemporary(namespace: number): boolean;
  /** Session number N of pg_temp_N, 0 for other schemas. */
  temporaryOwner(namespace: number): number;
}

interface ResolvedPath {
  readonly key: string;
  readonly stamp: number;
  /** All schemas to search, in order. */
  readonly path: readonly number[];
  /** Those that the setting names; new objects go into the first. */
  readonly written: readonly number[];
}

/** Whether the user may use (or create in) a schema; acl.ts answers. */
export type NamespaceCheck = (namespace: NamespaceDescriptor, privilege: number) => boolean;

export function namespaceLookups(
  base: LookupBase,
  mayUse: NamespaceCheck,
  roleName: (oid: number) => string | null,
  emptyNamespace: (namespace: number) => Promise<void>,
): NamespaceLookups {
  const { session, tables, cache } = base;
  const byOid = cache.region<number, NamespaceDescriptor | null>('namespaces', ['pg_namespace'], {
    forget: forgetKeys({ pg_namespace: (row) => row.oid }),
  });
  const byName = cache.region<string, NamespaceDescriptor | null>('namespaceNames', ['pg_namespace'], {
    forget: forgetKeys({ pg_namespace: (row) => row.nspname }),
  });
  const temporaryName = `pg_temp_${session.sessionId}`;
  let usesTemporary = false;
  let resolved: ResolvedPath | null = null;

  const namespace = (oid: number) => byOid.get(oid, (key) => describe(tables.findOne('pg_namespace', { oid: key })));
  const findNamespace = (name: string) =>
    byName.get(name, (key) => describe(tables.findOne('pg_namespace', { nspname: key })));

  const temporaryOid = (): number => (usesTemporary ? (findNamespace(temporaryName)?.oid ?? 0) : 0);

  /** Schema oid of one entry of the setting, 0 for what it doesn't find or may not use. */
  function entryOid(entry: string): number {
    if (entry === 'pg_temp') return temporaryOid();
    const name = entry === '$user' ? roleName(session.userId()) : entry;
    const found = name === null ? null : findNamespace(name);
    return found !== null && mayUse(found, aclBit.usage) ? found.oid : 0;
  }

  function resolve(): ResolvedPath {
    const setting = session.searchPathSetting();
    const temporary = temporaryOid();
    const key = `${session.userId()} ${temporary} ${setting}`;
    const stamp = cache.version();
    if (resolved !== null && resolved.key === key && resolved.stamp === stamp) return resolved;
    const written = (splitIdentifierList(setting) ?? []).map(entryOid).filter((oid) => oid !== 0);
    const path = [...new Set(written)];
    if (!path.includes(pgCatalogNamespace)) path.unshift(pgCatalogNamespace);
    if (temporary !== 0 && !path.includes(temporary)) path.unshift(temporary);
    resolved = { key, stamp, path, written };
    return resolved;
  }

  function lookupPath(schema: string | null): readonly number[] {
    if (schema === null) return resolve().path;
    if (schema === 'pg_temp') return temporaryOid() === 0 ? [] : [temporaryOid()];
    const found = findNamespace(schema);
    if (found === null) return [];
    if (found.oid !== temporaryOid() && !mayUse(found, aclBit.usage))
      throw pgError(SqlState.insufficientPrivilege, `permission denied for schema ${schema}`);
    return [found.oid];
  }

  async function temporaryNamespace(create: boolean): Promise<NamespaceDescriptor | null> {
    let found = usesTemporary || create ? findNamespace(temporaryName) : null;
    // A crash may have left the schema of an earlier session with the same number: its objects are nobody's.
    if (found !== null && create && !usesTemporary) await emptyNamespace(found.oid);
    if (found === null && create) {
      const transaction = session.transaction();
      if (transaction === null) throw pgError(SqlState.noActiveSqlTransaction, 'temporary tables need a transaction');
      for (const name of [temporaryName, `pg_toast_temp_${session.sessionId}`])
        await tables.insert(transaction, 'pg_namespace', {
          oid: tables.newOid('pg_namespace'),
          nspname: name,
          nspowner: 10,
          nspacl: null,
        });
      transaction.advanceCommand();
      found = findNamespace(temporaryName);
    }
    if (create) usesTemporary = true;
    return found;
  }

  function creationNamespace(): NamespaceDescriptor {
    const [first] = resolve().written;
    const found = first === undefined ? null : namespace(first);
    if (found === null) throw pgError(SqlState.undefinedSchema, 'no schema has been selected to create in');
    return found;
  }

  const temporaryOwner = (oid: number): number => Number(/^pg_temp_(\d+)$/.exec(namespace(oid)?.name ?? '')?.[1] ?? 0);

  return {
    namespace,
    findNamespace: (name) =>
      name === 'pg_temp' ? (usesTemporary ? findNamespace(temporaryName) : null) : findNamespace(name),
    searchPath: () => resolve().path,
    writtenSearchPath: () => resolve().written,
    creationNamespace,
    temporaryOid,
    temporaryNamespace,
    hasTemporaryNamespace: () => usesTemporary,
    lookupPath,
    lookupPathWithoutTemporary: (schema) =>
      schema === null ? resolve().path.filter((oid) => oid !== temporaryOid()) : lookupPath(schema),
    isTemporary: (oid) => temporaryOwner(oid) !== 0,
    temporaryOwner,
  };
}

function describe(
  entry: { readonly row: { oid: number; nspname: string; nspowner: number; nspacl: string | null } } | null,
): NamespaceDescriptor | null {
  if (entry === null) return null;
  const { oid, nspname: name, nspowner: owner, nspacl: acl } = entry.row;
  return Object.freeze({ oid, name, owner, acl });
}
