// ALTER ... [NO] DEPENDS ON EXTENSION: the object goes when the extension is dropped.
import type { AlterObjectDependsStmt, Node, RangeVar } from '@pgsql/types';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { commandName } from './command-name.js';
import { forgetDependencies, recordDependency } from './depend.js';
import { findObject } from './object-lookup.js';
import { requireObjectOwner } from './object-owner.js';
import { stringOf } from './tree.js';

/** ALTER FUNCTION, PROCEDURE, ROUTINE, TRIGGER, MATERIALIZED VIEW, INDEX ... DEPENDS ON EXTENSION. */
export async function alterObjectDependsStatement(
  statement: AlterObjectDependsStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const type = statement.objectType ?? 'OBJECT_FUNCTION';
  const { address, relation } = await findObject(context, type, namedObject(statement), 'AccessExclusiveLock');
  requireObjectOwner(context, address, relation);
  const name = { String: statement.extname ?? {} };
  const extension = await findObject(context, 'OBJECT_EXTENSION', name, 'AccessShareLock');
  const { objectId } = extension.address;
  const key = { classid: address.classId, objid: address.objectId };
  const isRecorded = context.catalog.tables
    .find('pg_depend', key)
    .some(({ row }) => row.refclassid === ClassOid.extension && row.refobjid === objectId && row.deptype === 'x');
  if (statement.remove === true)
    await forgetDependencies(context, address, { classId: ClassOid.extension, objectId, type: 'x' });
  else if (!isRecorded) await recordDependency(context, address, objectAddress(ClassOid.extension, objectId), 'x');
  return { kind: 'done', tag: commandName('AlterObjectDependsStmt', statement) };
}

/** A relation's name stands apart from that of its part. */
function namedObject({ relation, object }: AlterObjectDependsStmt): Node {
  if (relation === undefined) return object ?? { List: {} };
  const part = object === undefined ? [] : 'List' in object ? (object.List.items ?? []) : [object];
  const texts = [...relationParts(relation), ...part.map(stringOf)];
  return { List: { items: texts.map((sval) => ({ String: { sval } })) } };
}

function relationParts({ catalogname, schemaname, relname }: RangeVar): string[] {
  return [catalogname, schemaname, relname].filter((part) => part !== undefined);
}
