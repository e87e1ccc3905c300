// COMMENT ON, and the rows of pg_description and pg_shdescription.
import type { CommentStmt, ObjectType } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, type ObjectAddress } from './classes.js';
import { requireObjectOwner } from './object-owner.js';
import { findObject } from './object-lookup.js';
import { wrongKind } from './permissions.js';

/** COMMENT ON. An unknown database only warns when it is this server's habit: it throws 3D000 like the rest here. */
export async function commentStatement(statement: CommentStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'COMMENT' };
  const type = statement.objtype as ObjectType;
  if (!statement.object) throw new Error('invariant broken: COMMENT without an object');
  const { address, relation } = await findObject(context, type, statement.object, 'ShareUpdateExclusiveLock');
  requireObjectOwner(context, address, relation);
  if (type === 'OBJECT_COLUMN' && relation !== null && !'rvmcfp'.includes(relation.kind)) {
    throw wrongKind(`cannot set comment on relation "${relation.name}"`, relation);
  }
  await setComment(context, address, statement.comment ?? null);
  return done;
}

const sharedClasses: readonly number[] = [ClassOid.database, ClassOid.authid, ClassOid.tablespace];

/** Sets or (null or empty) removes an object's comment. */
export async function setComment(context: CommandContext, address: ObjectAddress, text: string | null): Promise<void> {
  if (address.objectId === 0) throw pgError(SqlState.undefinedObject, 'object does not exist');
  if (sharedClasses.includes(address.classId)) await setSharedComment(context, address, text || null);
  else await setPlainComment(context, address, text || null);
}

async function setPlainComment(context: CommandContext, address: ObjectAddress, text: string | null): Promise<void> {
  const { tables } = context.catalog;
  const key = { objoid: address.objectId, classoid: address.classId, objsubid: address.subId };
  const entry = tables.findOne('pg_description', key);
  if (text === null) {
    if (entry !== null) await tables.delete(context.transaction, 'pg_description', entry);
  } else if (entry === null) await tables.insert(context.transaction, 'pg_description', { ...key, description: text });
  else await tables.update(context.transaction, 'pg_description', entry, { description: text });
}

async function setSharedComment(context: CommandContext, address: ObjectAddress, text: string | null): Promise<void> {
  const { tables } = context.catalog;
  const key = { objoid: address.objectId, classoid: address.classId };
  const entry = tables.findOne('pg_shdescription', key);
  if (text === null) {
    if (entry !== null) await tables.delete(context.transaction, 'pg_shdescription', entry);
  } else if (entry === null)
    await tables.insert(context.transaction, 'pg_shdescription', { ...key, description: text });
  else await tables.update(context.transaction, 'pg_shdescription', entry, { description: text });
}
