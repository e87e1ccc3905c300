// CREATE CAST.
import type { CreateCastStmt } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { formatType, resolveType } from './column-type.js';
import { recordDependency } from './depend.js';
import { lookupFunction } from './function-lookup.js';
import { isOwner, requireFunctionExecute, requireTypeUsage } from './permissions.js';

/** CREATE CAST. */
export async function createCastStatement(statement: CreateCastStmt, context: CommandContext): Promise<CommandResult> {
  const { tables } = context.catalog;
  const source = resolveType(context, statement.sourcetype).type;
  const target = resolveType(context, statement.targettype).type;
  checkTypes(context, source, target);
  const castfunc = statement.func ? castFunction(context, statement, { source, target }) : 0;
  const castmethod = statement.func ? 'f' : statement.inout ? 'i' : 'b';
  if (castmethod === 'b') checkBinary(context, source, target);
  if (source === target && castmethod !== 'f')
    throw pgError(SqlState.invalidObjectDefinition, 'source data type and target data type are the same');
  if (tables.findOne('pg_cast', { castsource: source, casttarget: target }) !== null) {
    throw pgError(
      SqlState.duplicateObject,
      `cast from type ${formatType(context, source)} to type ${formatType(context, target)} already exists`,
    );
  }
  const contexts: Readonly<Record<string, string>> = { COERCION_IMPLICIT: 'i', COERCION_ASSIGNMENT: 'a' };
  const oid = tables.newOid('pg_cast');
  await tables.insert(context.transaction, 'pg_cast', {
    oid,
    castsource: source,
    casttarget: target,
    castfunc,
    castcontext: contexts[statement.context ?? ''] ?? 'e',
    castmethod,
  });
  const address = objectAddress(ClassOid.cast, oid);
  await recordDependency(context, address, objectAddress(ClassOid.type, source), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.type, target), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.proc, castfunc), 'n');
  return { kind: 'done', tag: 'CREATE CAST' };
}

function checkTypes(context: CommandContext, source: number, target: number): void {
  for (const [type, word] of [
    [source, 'source'],
    [target, 'target'],
  ] as const) {
    const descriptor = context.catalog.typeByOid(type);
    const name = formatType(context, type);
    if (descriptor.kind === 'p') throw pgError(SqlState.wrongObjectType, `${word} data type ${name} is a pseudo-type`);
  }
  const owners = [source, target].map((type) => context.catalog.typeByOid(type).owner);
  if (!owners.some((owner) => isOwner(context, owner))) {
    throw pgError(
      SqlState.insufficientPrivilege,
      `must be owner of type ${formatType(context, source)} or type ${formatType(context, target)}`,
    );
  }
  requireTypeUsage(context, source);
  requireTypeUsage(context, target);
  for (const [type, word] of [
    [source, 'source'],
    [target, 'target'],
  ] as const) {
    if (context.catalog.typeByOid(type).kind !== 'd') continue;
    const message = `cast will be ignored because the ${word} data type is a domain`;
    context.notice({ severity: 'WARNING', code: SqlState.warning, message, fields: {} });
  }
}

function castFunction(
  context: CommandContext,
  statement: CreateCastStmt,
  types: { readonly source: number; readonly target: number },
): number {
  const oid = lookupFunction(context, statement.func ?? {}, 'OBJECT_FUNCTION');
  const fn = context.catalog.requireFunction(oid);
  const invalid = (text: string): Error => pgError(SqlState.invalidObjectDefinition, text);
  requireFunctionExecute(context, oid);
  if (fn.argTypes.length < 1 || fn.argTypes.length > 3) throw invalid('cast function must take one to three arguments');
  if (!isBinaryCoercible(context, types.source, fn.argTypes[0] as number)) {
    throw invalid('argument of cast function must match or be binary-coercible from source data type');
  }
  if (fn.argTypes.length > 1 && fn.argTypes[1] !== TypeOid.int4)
    throw invalid('second argument of cast function must be type integer');
  if (fn.argTypes.length > 2 && fn.argTypes[2] !== TypeOid.bool)
    throw invalid('third argument of cast function must be type boolean');
  if (!isBinaryCoercible(context, fn.returnType, types.target)) {
    throw invalid('return data type of cast function must match or be binary-coercible to target data type');
  }
  if (fn.kind !== 'f') throw invalid('cast function must be a normal function');
  if (fn.returnsSet) throw invalid('cast function must not return a set');
  return oid;
}

function isBinaryCoercible(context: CommandContext, source: number, target: number): boolean {
  return source === target || context.catalog.cast(source, target)?.method === 'b';
}

function checkBinary(context: CommandContext, source: number, target: number): void {
  if (!context.isSuperuser) {
    throw pgError(SqlState.insufficientPrivilege, 'must be superuser to create a cast WITHOUT FUNCTION');
  }
  const [from, to] = [context.catalog.typeByOid(source), context.catalog.typeByOid(target)];
  const invalid = (text: string): Error => pgError(SqlState.invalidObjectDefinition, text);
  if (from.length !== to.length || from.byValue !== to.byValue)
    throw invalid('source and target data types are not physically compatible');
  if (from.kind === 'c' || to.kind === 'c') throw invalid('composite data types are not binary-compatible');
  if (from.kind === 'e' || to.kind === 'e') throw invalid('enum data types are not binary-compatible');
  if (from.category === 'A' || to.category === 'A') throw invalid('array data types are not binary-compatible');
  if (from.kind === 'd' || to.kind === 'd') throw invalid('domain data types must not be marked binary-compatible');
}
