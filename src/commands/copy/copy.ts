// COPY: checks privileges and relation, then hands over to copy-from or copy-to. Where the bytes come from or go to
// (client, server file) is decided here.
import type { CopyStmt } from '@pgsql/types';
import { aclBit } from '../../catalog/acl-text.js';
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CommandContext, CommandResult } from '../api.js';
import { lockRelationByName } from '../namespace.js';
import { hasColumnPrivilege, permissionDenied } from '../permissions.js';
import { kindNoun } from '../relation-kind.js';
import { reachableRoles } from '../role-membership.js';
import { stringList } from '../tree.js';
import { copyFrom } from './copy-from.js';
import { copyQueryTo, copyTableTo } from './copy-to.js';
import { readCopyOptions } from './options.js';

/** Predefined roles that may read, write files and run programs. */
const fileRoles = { read: 4569, write: 4570, program: 4571 } as const;

/** COPY. */
export async function copyStatement(statement: CopyStmt, context: CommandContext): Promise<CommandResult> {
  requireFileRole(statement, context);
  const options = readCopyOptions(statement);
  if (statement.relation === undefined) {
    return done(await copyQueryTo(statement, context, options));
  }
  const isFrom = statement.is_from === true;
  const relation = await lockRelationByName(
    context,
    statement.relation,
    isFrom ? 'RowExclusiveLock' : 'AccessShareLock',
  );
  if (relation === null) throw new Error('invariant broken: COPY of a relation that is not there');
  const columns = copyColumns(relation, stringList(statement.attlist));
  const numbers = columns.map((column) => column.number);
  if (!hasColumnPrivilege(context, relation, numbers, isFrom ? aclBit.insert : aclBit.select)) {
    throw permissionDenied(`${kindNoun(relation)} ${relation.name}`);
  }
  if (isFrom && relation.persistence !== 't') context.transaction.requireWritable('COPY FROM');
  requireCopyable(relation, isFrom);
  if (isFrom) return done(await copyFrom({ statement, context, options, relation, columns }));
  return done(await copyTableTo({ statement, context, options, relation, columns }));
}

function done(count: number): CommandResult {
  return { kind: 'done', tag: `COPY ${count}` };
}

/** Files of the server and programs need a superuser or a member of the matching predefined role. */
function requireFileRole(statement: CopyStmt, context: CommandContext): void {
  if (statement.filename === undefined && !statement.is_program) return;
  if (context.isSuperuser) return;
  const isFrom = statement.is_from === true;
  const kind = statement.is_program ? 'program' : isFrom ? 'read' : 'write';
  if (reachableRoles(context, context.userId, 'inherit_option').has(fileRoles[kind])) return;
  const what = statement.is_program ? 'to or from an external program' : isFrom ? 'from a file' : 'to a file';
  const role = { program: 'pg_execute_server_program', read: 'pg_read_server_files', write: 'pg_write_server_files' }[
    kind
  ];
  throw pgError(SqlState.insufficientPrivilege, `permission denied to COPY ${what}`, {
    detail: `Only roles with privileges of the "${role}" role may COPY ${what}.`,
    hint: "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
  });
}

/** The columns to copy: those named, else all but generated ones. Throws 42703, 42701, 42P10. */
function copyColumns(relation: RelationDescriptor, names: readonly string[]): AttributeDescriptor[] {
  const live = relation.attributes.filter((attribute) => !attribute.isDropped);
  if (names.length === 0) return live.filter((attribute) => attribute.generated === '');
  return names.map((name, index) => {
    const column = live.find((attribute) => attribute.name === name);
    if (column === undefined) {
      throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${relation.name}" does not exist`);
    }
    if (column.generated !== '') {
      throw pgError(SqlState.invalidColumnReference, `column "${name}" is a generated column`, {
        detail: 'Generated columns cannot be used in COPY.',
      });
    }
    if (names.indexOf(name) < index)
      throw pgError(SqlState.duplicateColumn, `column "${name}" specified more than once`);
    return column;
  });
}

/** A view with an INSTEAD OF INSERT trigger (64 and 4 in pg_trigger.tgtype). */
function insertsByTrigger({ kind, triggers }: RelationDescriptor): boolean {
  return kind === 'v' && triggers.some(({ type }) => (type & 64) !== 0 && (type & 4) !== 0);
}

function requireCopyable(relation: RelationDescriptor, isFrom: boolean): void {
  if (relation.kind === 'r' || (isFrom && insertsByTrigger(relation))) return;
  const direction = isFrom ? 'to' : 'from';
  const nouns: Readonly<Record<string, string>> = {
    v: 'view',
    m: 'materialized view',
    f: 'foreign table',
    S: 'sequence',
    p: 'partitioned table',
  };
  const noun = nouns[relation.kind];
  if (noun === undefined)
    throw pgError(SqlState.wrongObjectType, `cannot copy ${direction} non-table relation "${relation.name}"`);
  const hint =
    relation.kind === 'S'
      ? undefined
      : isFrom
        ? relation.kind === 'v'
          ? 'To enable copying to a view, provide an INSTEAD OF INSERT trigger.'
          : undefined
        : 'Try the COPY (SELECT ...) TO variant.';
  throw pgError(SqlState.wrongObjectType, `cannot copy ${direction} ${noun} "${relation.name}"`, { hint });
}
