// GRANT and REVOKE on objects: which objects, which privileges, by whose authority; then the ACLs change.
import type { AccessPriv, GrantStmt, Node, ObjectType } from '@pgsql/types';
import { aclBit } from '../catalog/acl-text.js';
import type { CatalogEntry } from '../catalog/api.js';
import type { CatalogName } from '../catalog/generated/rows.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { AclItem } from '../types/value.js';
import { allPrivileges, effectiveAcl, grantOptionsOf, grantTo, printAcl, privilegesOf, revokeFrom } from './acl.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { recordAclDependencies } from './default-acl.js';
import { lookupFunction } from './function-lookup.js';
import { requireNamespace } from './namespace.js';
import { ownedKinds, type OwnedKind } from './object-owner.js';
import { parameterEntry, parameterOwner, storeParameterAcl } from './parameter-acl.js';
import { findObject } from './object-lookup.js';
import { permissionDenied } from './permissions.js';
import { kindNoun } from './relation-kind.js';
import { hasPrivilegesOfRole, reachableRoles, resolveRole } from './role-membership.js';
import { nodeOf, rangeVarName, stringList, stringOf } from './tree.js';

/** Privilege words by their bit. */
const privilegeBits: Readonly<Record<string, number>> = {
  insert: aclBit.insert,
  select: aclBit.select,
  update: aclBit.update,
  delete: aclBit.delete,
  truncate: aclBit.truncate,
  references: aclBit.references,
  trigger: aclBit.trigger,
  execute: aclBit.execute,
  usage: aclBit.usage,
  create: aclBit.create,
  temporary: aclBit.createTemp,
  temp: aclBit.createTemp,
  connect: aclBit.connect,
  set: aclBit.set,
  'alter system': aclBit.alterSystem,
  maintain: aclBit.maintain,
};

/** Letter of the privilege set and noun by kind of object. */
const grantKinds: Readonly<Partial<Record<ObjectType, readonly [letter: string, noun: string]>>> = {
  OBJECT_TABLE: ['r', 'relation'],
  OBJECT_SEQUENCE: ['S', 'sequence'],
  OBJECT_DATABASE: ['d', 'database'],
  OBJECT_DOMAIN: ['T', 'domain'],
  OBJECT_FUNCTION: ['f', 'function'],
  OBJECT_PROCEDURE: ['f', 'procedure'],
  OBJECT_ROUTINE: ['f', 'routine'],
  OBJECT_LANGUAGE: ['l', 'language'],
  OBJECT_LARGEOBJECT: ['L', 'large object'],
  OBJECT_SCHEMA: ['n', 'schema'],
  OBJECT_TABLESPACE: ['t', 'tablespace'],
  OBJECT_TYPE: ['T', 'type'],
  OBJECT_FDW: ['F', 'foreign-data wrapper'],
  OBJECT_FOREIGN_SERVER: ['s', 'foreign server'],
  OBJECT_PARAMETER_ACL: ['p', 'parameter'],
};

/** What a GRANT or REVOKE does, resolved but for the objects. */
interface GrantWork {
  readonly context: CommandContext;
  readonly isGrant: boolean;
  readonly grantOption: boolean;
  readonly cascade: boolean;
  readonly grantees: readonly number[];
  readonly grantedBy: number | null;
  /** Whole-object privileges; -1 for ALL. */
  readonly privileges: number;
  readonly isAll: boolean;
  readonly columns: readonly AccessPriv[];
  readonly objectType: ObjectType;
}

/** GRANT, REVOKE. */
export async function grantStatement(statement: GrantStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: statement.is_grant ? 'GRANT' : 'REVOKE' };
  const type = statement.objtype as ObjectType;
  if (grantKinds[type] === undefined) throw notSupported(`GRANT on ${type}`);
  if (type === 'OBJECT_LARGEOBJECT') throw notSupported('GRANT ON LARGE OBJECT');
  const objects = await grantObjects(statement, context, type);
  const work = readWork(statement, context, type);
  for (const address of objects) await grantOn(work, address);
  return done;
}

function readWork(statement: GrantStmt, context: CommandContext, objectType: ObjectType): GrantWork {
  const grantees = granteesOf(statement, context);
  const privileges = (statement.privileges ?? []).map((node) => nodeOf(node, 'AccessPriv'));
  const letter = grantKinds[objectType]?.[0] ?? 'r';
  const whole = privileges.filter((one) => (one.cols?.length ?? 0) === 0);
  const columns = privileges.filter((one) => (one.cols?.length ?? 0) > 0);
  if (columns.length > 0 && objectType !== 'OBJECT_TABLE') {
    throw pgError(SqlState.invalidGrantOperation, 'column privileges are only valid for relations');
  }
  const isAll = privileges.length === 0;
  let bits = isAll ? (allPrivileges[letter] as number) : 0;
  for (const one of whole)
    bits |= one.priv_name ? privilegeBit(one.priv_name, objectType) : (allPrivileges[letter] as number);
  return {
    context,
    isGrant: statement.is_grant === true,
    grantOption: statement.grant_option === true,
    cascade: statement.behavior === 'DROP_CASCADE',
    grantees,
    grantedBy: grantorOf(statement, context),
    privileges: bits,
    isAll,
    columns,
    objectType,
  };
}

function grantorOf(statement: GrantStmt, context: CommandContext): number | null {
  if (!statement.grantor) return null;
  const grantor = resolveRole(context, statement.grantor);
  if (grantor !== context.userId) throw pgError(SqlState.featureNotSupported, 'grantor must be current user');
  return grantor;
}

/** Grantees' oids; PUBLIC is 0. */
export function granteesOf(statement: Pick<GrantStmt, 'grantees'>, context: CommandContext): number[] {
  return (statement.grantees ?? []).map((node) =>
    resolveRole(context, nodeOf(node, 'RoleSpec'), { publicAllowed: true }),
  );
}

/** 0LP01 for PUBLIC, which takes no grant options. */
export function requireRole(grantee: number, isGrant: boolean, grantOption: boolean): void {
  if (grantee !== 0 || !isGrant || !grantOption) return;
  throw pgError(SqlState.invalidGrantOperation, 'grant options can only be granted to roles');
}

/** A privilege word's bit, valid for the kind of object. Throws 42601, 0LP01. */
export function privilegeBit(name: string, objectType: ObjectType): number {
  const bit = privilegeBits[name];
  if (bit === undefined) throw pgError(SqlState.syntaxError, `unrecognized privilege type "${name}"`);
  const [letter, noun] = grantKinds[objectType] ?? ['r', 'relation'];
  // GRANT ON TABLE takes sequences too, for compatibility.
  const valid =
    (allPrivileges[letter] as number) | (objectType === 'OBJECT_TABLE' ? (allPrivileges['S'] as number) : 0);
  if ((valid & bit) === 0) {
    throw pgError(SqlState.invalidGrantOperation, `invalid privilege type ${name.toUpperCase()} for ${noun}`);
  }
  return bit;
}

async function grantObjects(statement: GrantStmt, context: CommandContext, type: ObjectType): Promise<ObjectAddress[]> {
  if (statement.targtype === 'ACL_TARGET_ALL_IN_SCHEMA') {
    return (statement.objects ?? []).flatMap((node) => objectsInSchema(context, stringOf(node), type));
  }
  const addresses: ObjectAddress[] = [];
  for (const node of statement.objects ?? []) {
    const address =
      type === 'OBJECT_PARAMETER_ACL'
        ? await parameterEntry(context, stringOf(node), statement.is_grant === true)
        : await grantObject(context, node, type);
    if (address !== null) addresses.push(address);
  }
  return addresses;
}

async function grantObject(context: CommandContext, node: Node, type: ObjectType): Promise<ObjectAddress> {
  if (type === 'OBJECT_TABLE' || type === 'OBJECT_SEQUENCE') {
    // No lock: what else changes privileges is kept away by the catalog's row alone.
    const relation = context.catalog.resolveRelation(rangeVarName(nodeOf(node, 'RangeVar')));
    if (relation.kind === 'i') throw pgError(SqlState.wrongObjectType, `"${relation.name}" is an index`);
    if (relation.kind === 'c') throw pgError(SqlState.wrongObjectType, `"${relation.name}" is a composite type`);
    if (type === 'OBJECT_SEQUENCE' && relation.kind !== 'S')
      throw pgError(SqlState.wrongObjectType, `"${relation.name}" is not a sequence`);
    return objectAddress(ClassOid.class, relation.oid);
  }
  if (type === 'OBJECT_FUNCTION' || type === 'OBJECT_PROCEDURE' || type === 'OBJECT_ROUTINE') {
    return objectAddress(
      ClassOid.proc,
      lookupFunction(context, nodeOf(node, 'ObjectWithArgs'), type, { aggregates: true }),
    );
  }
  if (type === 'OBJECT_TYPE' || type === 'OBJECT_DOMAIN') {
    const names = 'List' in node || 'TypeName' in node ? node : { List: { items: [node] } };
    const typeName =
      'TypeName' in names
        ? names
        : { TypeName: { names: (names.List.items ?? []) as Node[], typemod: -1, location: -1 } };
    return (await findObject(context, type, typeName, 'AccessShareLock')).address;
  }
  return (await findObject(context, type, node, 'AccessShareLock')).address;
}

function objectsInSchema(context: CommandContext, name: string, type: ObjectType): ObjectAddress[] {
  const schema = requireNamespace(context, name).oid;
  const { tables } = context.catalog;
  if (type === 'OBJECT_TABLE' || type === 'OBJECT_SEQUENCE') {
    const kinds = type === 'OBJECT_SEQUENCE' ? 'S' : 'rvmfp';
    return tables
      .find('pg_class', { relnamespace: schema })
      .filter(({ row }) => kinds.includes(row.relkind))
      .map(({ row }) => objectAddress(ClassOid.class, row.oid));
  }
  const isWanted = (kind: string): boolean =>
    type === 'OBJECT_ROUTINE' || (type === 'OBJECT_PROCEDURE' ? kind === 'p' : kind !== 'p');
  return tables
    .find('pg_proc', { pronamespace: schema })
    .filter(({ row }) => isWanted(row.prokind))
    .map(({ row }) => objectAddress(ClassOid.proc, row.oid));
}

interface GrantTarget {
  readonly owner: number;
  readonly letter: string;
  readonly acl: string | null;
  readonly noun: string;
  readonly name: string;
}

async function grantOn(work: GrantWork, address: ObjectAddress): Promise<void> {
  const { context } = work;
  if (address.classId === ClassOid.parameterAcl) return grantOnParameter(work, address);
  const kind = ownedKinds.get(address.classId);
  if (kind === undefined || kind.acl === null) throw notSupported('GRANT on this kind of object');
  const entry = await lockedEntry(context, kind, address.objectId);
  const row = entry.row as unknown as Record<string, unknown>;
  const target = targetOf(kind, row);
  requireGrantable(address, row);
  const bits = bitsFor(work, target, row);
  if (bits !== 0) {
    const changed = changeAcl(work, target, bits, []);
    if (changed !== null) await storeAcl(context, address, { kind, owner: target.owner, entry }, changed);
  }
  for (const columnPrivilege of work.columns) await grantColumns(work, address, target, columnPrivilege);
  if (work.isAll && !work.isGrant && address.classId === ClassOid.class && 'rvmfp'.includes(String(row['relkind']))) {
    await revokeAllColumns(work, address, target);
  }
}

/** The object's row, read behind whoever waits for it already. Throws XX000 where it has gone since the name was found. */
async function lockedEntry(context: CommandContext, kind: OwnedKind, oid: number): Promise<CatalogEntry<CatalogName>> {
  const { tables } = context.catalog;
  const found = tables.findOne(kind.table, { oid } as never);
  const entry = found === null ? null : await tables.afterWaiters(context.transaction, kind.table, found);
  if (entry !== null) return entry;
  const noun = kind.table === 'pg_class' ? 'relation' : kind.noun;
  throw pgError(SqlState.internalError, `cache lookup failed for ${noun} ${oid}`);
}

/** 0LP01 for array types, 42809 for languages that only superusers may use. */
function requireGrantable(address: ObjectAddress, row: Record<string, unknown>): void {
  if (address.classId === ClassOid.type && row['typcategory'] === 'A' && row['typelem'] !== 0) {
    throw pgError(SqlState.invalidGrantOperation, 'cannot set privileges of array types', {
      hint: 'Set the privileges of the element type instead.',
    });
  }
  if (address.classId === ClassOid.language && row['lanpltrusted'] !== true) {
    throw pgError(SqlState.wrongObjectType, `language "${String(row['lanname'])}" is not trusted`, {
      detail:
        'GRANT and REVOKE are not allowed on untrusted languages, because only superusers can use untrusted languages.',
    });
  }
}

async function grantOnParameter(work: GrantWork, address: ObjectAddress): Promise<void> {
  const { context } = work;
  const row = context.catalog.tables.findOne('pg_parameter_acl', { oid: address.objectId })?.row;
  if (row === undefined) return;
  const target = { owner: parameterOwner, letter: 'p', acl: row.paracl, noun: 'parameter', name: row.parname };
  const items = changeAcl(work, target, work.privileges, []);
  if (items !== null) await storeParameterAcl(context, address, items);
}

function targetOf(kind: OwnedKind, row: Record<string, unknown>): GrantTarget {
  const isSequence = kind.table === 'pg_class' && row['relkind'] === 'S';
  const noun =
    kind.table === 'pg_class'
      ? kindNoun({ kind: String(row['relkind']) })
      : kind.table === 'pg_proc'
        ? routineNoun(row)
        : kind.noun;
  return {
    owner: row[kind.owner] as number,
    letter: isSequence ? 'S' : kind.aclKind,
    acl: row[kind.acl as string] as string | null,
    noun,
    name: String(row[kind.name]),
  };
}

function routineNoun(row: Record<string, unknown>): string {
  return row['prokind'] === 'p' ? 'procedure' : row['prokind'] === 'a' ? 'aggregate' : 'function';
}

/** The privileges that apply to the object; GRANT ON TABLE of a sequence keeps only what sequences know. */
function bitsFor(work: GrantWork, target: GrantTarget, row: Record<string, unknown>): number {
  if (work.isAll) return allPrivileges[target.letter] as number;
  const valid = allPrivileges[target.letter] as number;
  if (target.letter === 'S' && (work.privileges & ~valid) !== 0) {
    work.context.notice({
      severity: 'WARNING',
      code: SqlState.invalidGrantOperation,
      message: `sequence "${String(row['relname'])}" only supports USAGE, SELECT, and UPDATE privileges`,
      fields: {},
    });
    return work.privileges & valid;
  }
  if (target.letter === 'r' && (work.privileges & ~valid) !== 0) {
    throw pgError(SqlState.invalidGrantOperation, 'invalid privilege type USAGE for table');
  }
  return work.privileges;
}

/** The role in whose name privileges are granted, and which of them it may grant (manual, GRANT, notes). */
function selectGrantor(
  work: GrantWork,
  owner: number,
  acl: readonly AclItem[],
  bits: number,
): { readonly grantor: number; readonly options: number } {
  const { context } = work;
  if (context.isSuperuser || hasPrivilegesOfRole(context, context.userId, owner))
    return { grantor: owner, options: bits };
  let best = { grantor: context.userId, options: 0 };
  for (const role of reachableRoles(context, context.userId, 'inherit_option')) {
    const own = acl.filter((item) => item.grantee === role).reduce((sum, item) => sum | item.grantOptions, 0) & bits;
    if (own === bits) return { grantor: role, options: own };
    if (countBits(own) > countBits(best.options)) best = { grantor: role, options: own };
  }
  return best;
}

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The changed ACL; null where nothing may be granted (warnings tell). Throws 42501. */
function changeAcl(
  work: GrantWork,
  target: GrantTarget,
  wanted: number,
  tableAcl: readonly AclItem[],
): AclItem[] | null {
  const { context } = work;
  const current = effectiveAcl(context, target.letter, target.owner, target.acl);
  const { grantor, options } = selectGrantor(work, target.owner, [...current, ...tableAcl], wanted);
  if (options === 0 && wanted !== 0) {
    const held =
      privilegesOf(context, context.userId, [...current, ...tableAcl]) |
      grantOptionsOf(context, context.userId, target.owner, current);
    if ((held & wanted) === 0) throw permissionDenied(`${target.noun} ${target.name}`);
  }
  warnPartial(work, target, wanted, options);
  let items: AclItem[] = [...current];
  for (const grantee of work.grantees) {
    requireRole(grantee, work.isGrant, work.grantOption);
    const change = { grantee, grantor, privileges: options, grantOptions: work.grantOption ? options : 0 };
    if (work.isGrant) items = grantTo(items, change);
    else {
      const revoked = work.grantOption
        ? { ...change, privileges: 0, grantOptions: options }
        : { ...change, grantOptions: options };
      items = revokeFrom(items, revoked, { owner: target.owner, cascade: work.cascade });
    }
  }
  return items;
}

function warnPartial(work: GrantWork, target: GrantTarget, wanted: number, granted: number): void {
  if (granted === wanted) return;
  const code = work.isGrant ? SqlState.warningPrivilegeNotGranted : SqlState.warningPrivilegeNotRevoked;
  const message =
    granted === 0
      ? `no privileges ${work.isGrant ? 'were granted' : 'could be revoked'} for "${target.name}"`
      : `not all privileges ${work.isGrant ? 'were granted' : 'could be revoked'} for "${target.name}"`;
  work.context.notice({ severity: 'WARNING', code, message, fields: {} });
}

async function storeAcl(
  context: CommandContext,
  address: ObjectAddress,
  object: { readonly kind: OwnedKind; readonly owner: number; readonly entry: CatalogEntry<CatalogName> },
  items: readonly AclItem[],
): Promise<void> {
  const acl = printAcl(context, items);
  await context.catalog.tables.update(context.transaction, object.kind.table, object.entry, {
    [object.kind.acl as string]: acl,
  } as never);
  await recordAclDependencies(context, address, object.owner, acl);
}

async function grantColumns(
  work: GrantWork,
  address: ObjectAddress,
  table: GrantTarget,
  privilege: AccessPriv,
): Promise<void> {
  const bit = privilege.priv_name ? privilegeBits[privilege.priv_name] : allPrivileges['c'];
  if (bit === undefined) throw pgError(SqlState.syntaxError, `unrecognized privilege type "${privilege.priv_name}"`);
  if (((allPrivileges['c'] as number) & bit) === 0) {
    throw pgError(
      SqlState.invalidGrantOperation,
      `invalid privilege type ${(privilege.priv_name ?? '').toUpperCase()} for column`,
    );
  }
  for (const name of stringList(privilege.cols)) {
    const row = work.context.catalog.tables.find('pg_attribute', { attrelid: address.objectId, attname: name })[0]?.row;
    if (row === undefined || row.attisdropped) {
      throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${table.name}" does not exist`);
    }
    await changeColumn(work, { relation: address.objectId, number: row.attnum, name }, table, bit);
  }
}

async function changeColumn(
  work: GrantWork,
  column: { readonly relation: number; readonly number: number; readonly name: string },
  table: GrantTarget,
  bit: number,
): Promise<void> {
  const { context } = work;
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_attribute', { attrelid: column.relation, attnum: column.number });
  if (entry === null) return;
  const target: GrantTarget = {
    owner: table.owner,
    letter: 'c',
    acl: entry.row.attacl,
    noun: 'column',
    name: column.name,
  };
  const tableAcl = effectiveAcl(context, table.letter, table.owner, table.acl);
  const items = changeAcl(work, target, bit, tableAcl);
  if (items === null) return;
  const attacl = items.length === 0 ? null : printAcl(context, items);
  if (attacl === null && entry.row.attacl === null) return;
  await tables.update(context.transaction, 'pg_attribute', entry, { attacl });
  const address = objectAddress(ClassOid.class, column.relation, column.number);
  await recordAclDependencies(context, address, table.owner, attacl);
}

/** REVOKE ALL on a table takes the columns' privileges too. */
async function revokeAllColumns(work: GrantWork, address: ObjectAddress, table: GrantTarget): Promise<void> {
  for (const { row } of work.context.catalog.tables.find('pg_attribute', { attrelid: address.objectId })) {
    if (row.attacl === null || row.attisdropped) continue;
    const column = { relation: address.objectId, number: row.attnum, name: row.attname };
    await changeColumn(work, column, table, allPrivileges['c'] as number);
  }
}
