// CREATE OPERATOR and ALTER OPERATOR ... SET.
import type { AlterOperatorStmt, DefElem, DefineStmt, TypeName } from '@pgsql/types';
import type { PgOperatorRow } from '../catalog/generated/rows.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { warnOfUnknown } from './attributes.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { formatType, resolveType } from './column-type.js';
import { recordDependency, recordOwner, schemaAddress } from './depend.js';
import { lookupOperator } from './function-lookup.js';
import { objectTarget } from './namespace.js';
import { requireFunctionExecute, requireOwner, requireTypeUsage } from './permissions.js';
import { defBoolean, defElems, nodeAs, qualifiedName, stringList } from './tree.js';

type Given = ReadonlyMap<string, DefElem>;

const attributes: ReadonlySet<string> = new Set([
  'leftarg',
  'rightarg',
  'function',
  'procedure',
  'commutator',
  'negator',
  'restrict',
  'join',
  'hashes',
  'merges',
  // Obsolete: taken as `merges`.
  'sort1',
  'sort2',
  'ltcmp',
  'gtcmp',
]);

/** CREATE OPERATOR. */
export async function createOperator(statement: DefineStmt, context: CommandContext): Promise<void> {
  const { tables } = context.catalog;
  const { namespace, name } = await objectTarget(context, stringList(statement.defnames));
  const given: Given = new Map(defElems(statement.definition).map((def) => [def.defname ?? '', def]));
  warnOfUnknown(context, 'operator', given, attributes);
  const left = operandType(context, given.get('leftarg'));
  const right = operandType(context, given.get('rightarg'));
  const procedure = given.get('function') ?? given.get('procedure');
  if (!procedure) throw pgError(SqlState.invalidFunctionDefinition, 'operator function must be specified');
  if (left === 0 && right === 0)
    throw pgError(SqlState.invalidFunctionDefinition, 'operator argument types must be specified');
  if (right === 0) {
    throw pgError(SqlState.invalidFunctionDefinition, 'operator right argument type must be specified', {
      detail: 'Postfix operators are not supported.',
    });
  }
  for (const type of [left, right]) if (type !== 0) requireTypeUsage(context, type);
  const argTypes = left === 0 ? [right] : [left, right];
  const fn = operatorFunction(context, procedure, argTypes);
  requireTypeUsage(context, fn.returnType);
  requireFunctionExecute(context, fn.oid);
  const key = { oprname: name, oprleft: left, oprright: right, oprnamespace: namespace.oid };
  const existing = tables.findOne('pg_operator', key);
  if (existing !== null && existing.row.oprcode !== 0)
    throw pgError(SqlState.duplicateFunction, `operator ${name} already exists`);
  requireBooleanForJoins(given, left, fn.returnType);
  const oid = existing?.row.oid ?? tables.newOid('pg_operator');
  const row: Omit<PgOperatorRow, 'oid'> = {
    ...key,
    oprowner: context.userId,
    oprkind: left === 0 ? 'l' : 'b',
    oprcanmerge: flag(given, 'merges'),
    oprcanhash: flag(given, 'hashes'),
    oprresult: fn.returnType,
    oprcom: 0,
    oprnegate: 0,
    oprcode: fn.oid,
    oprrest: estimator(context, given.get('restrict'), 4),
    oprjoin: estimator(context, given.get('join'), 5),
  };
  if (existing !== null) await tables.update(context.transaction, 'pg_operator', existing, row);
  else await tables.insert(context.transaction, 'pg_operator', { oid, ...row });
  await recordOperator(context, oid, row);
  await linkPartners(context, oid, given);
}

function operandType(context: CommandContext, def: DefElem | undefined): number {
  if (def === undefined) return 0;
  const typeName = nodeAs(def.arg, 'TypeName') as TypeName | null;
  if (typeName === null) return 0;
  if (typeName.setof) throw pgError(SqlState.invalidFunctionDefinition, 'SETOF type not allowed for operator argument');
  return resolveType(context, typeName).type;
}

function flag(given: Given, name: string): boolean {
  const def = given.get(name);
  return def !== undefined && defBoolean(def);
}

function names(def: DefElem): string[] {
  const typeName = nodeAs(def.arg, 'TypeName') as TypeName | null;
  return stringList(typeName ? typeName.names : def.arg);
}

/** The function of exactly these argument types. */
function operatorFunction(context: CommandContext, def: DefElem, argTypes: readonly number[]) {
  const parts = names(def);
  const name = qualifiedName(parts);
  const found = context.catalog
    .functionsNamed(name.schema, name.name)
    .find(
      (fn) => fn.argTypes.length === argTypes.length && fn.argTypes.every((type, index) => type === argTypes[index]),
    );
  if (found !== undefined) return found;
  const types = argTypes.map((type) => formatType(context, type)).join(', ');
  throw pgError(SqlState.undefinedFunction, `function ${parts.join('.')}(${types}) does not exist`);
}

/** restrict(internal, oid, internal, int4), join(internal, oid, internal, int2, internal). */
function estimator(context: CommandContext, def: DefElem | undefined, argCount: number): number {
  if (def === undefined) return 0;
  const parts = names(def);
  const name = qualifiedName(parts);
  const found = context.catalog.functionsNamed(name.schema, name.name).find((fn) => fn.argTypes.length === argCount);
  if (found === undefined) throw pgError(SqlState.undefinedFunction, `function ${parts.join('.')} does not exist`);
  return found.oid;
}

function requireBooleanForJoins(given: Given, left: number, result: number): void {
  const invalid = (text: string): Error => pgError(SqlState.invalidFunctionDefinition, text);
  if (left === 0) {
    if (given.has('commutator')) throw invalid('only binary operators can have commutators');
    if (given.has('join')) throw invalid('only binary operators can have join selectivity');
    if (flag(given, 'merges')) throw invalid('only binary operators can merge join');
    if (flag(given, 'hashes')) throw invalid('only binary operators can hash');
  }
  if (result === TypeOid.bool) return;
  if (given.has('negator')) throw invalid('only boolean operators can have negators');
  if (given.has('restrict')) throw invalid('only boolean operators can have restriction selectivity');
  if (given.has('join')) throw invalid('only boolean operators can have join selectivity');
  if (flag(given, 'merges')) throw invalid('only boolean operators can merge join');
  if (flag(given, 'hashes')) throw invalid('only boolean operators can hash');
}

async function recordOperator(context: CommandContext, oid: number, row: Omit<PgOperatorRow, 'oid'>): Promise<void> {
  const address = objectAddress(ClassOid.operator, oid);
  await recordDependency(context, address, schemaAddress(row.oprnamespace), 'n');
  for (const type of [row.oprleft, row.oprright, row.oprresult]) {
    await recordDependency(context, address, objectAddress(ClassOid.type, type), 'n');
  }
  for (const fn of [row.oprcode, row.oprrest, row.oprjoin])
    await recordDependency(context, address, objectAddress(ClassOid.proc, fn), 'n');
  await recordOwner(context, ClassOid.operator, oid, row.oprowner);
}

/** COMMUTATOR and NEGATOR point both ways. A partner that is not there yet becomes a shell, which its creation fills. */
async function linkPartners(context: CommandContext, oid: number, given: Given): Promise<void> {
  const { tables } = context.catalog;
  const own = tables.findOne('pg_operator', { oid })?.row;
  if (own === undefined) return;
  for (const [option, column] of [
    ['commutator', 'oprcom'],
    ['negator', 'oprnegate'],
  ] as const) {
    const def = given.get(option);
    if (def === undefined) continue;
    const partner = await partnerOf(context, own, names(def), option);
    const entry = tables.findOne('pg_operator', { oid });
    if (entry !== null) await tables.update(context.transaction, 'pg_operator', entry, { [column]: partner });
    const other = tables.findOne('pg_operator', { oid: partner });
    if (other === null || other.row[column] === oid) continue;
    if (other.row[column] !== 0) {
      const taken = tables.findOne('pg_operator', { oid: other.row[column] });
      const refusal = `${option} operator ${other.row.oprname} is already the ${option} of operator ${taken?.row.oprname ?? other.row[column]}`;
      throw pgError(SqlState.invalidFunctionDefinition, refusal);
    }
    await tables.update(context.transaction, 'pg_operator', other, { [column]: oid });
  }
}

/** The operator that is named as partner; a shell where there is none. */
async function partnerOf(
  context: CommandContext,
  own: PgOperatorRow,
  parts: readonly string[],
  option: 'commutator' | 'negator',
): Promise<number> {
  const name = qualifiedName([...parts]);
  const isSwapped = option === 'commutator';
  const [left, right] = isSwapped ? [own.oprright, own.oprleft] : [own.oprleft, own.oprright];
  const candidates = context.catalog.operatorsNamed(name.schema, name.name, left === 0 ? 'l' : 'b');
  const found = candidates.find((candidate) => candidate.left === left && candidate.right === right);
  if (found !== undefined) {
    if (found.oid === own.oid && option === 'negator')
      throw pgError(SqlState.invalidFunctionDefinition, 'operator cannot be its own negator');
    return found.oid;
  }
  const { namespace, name: plainName } = await objectTarget(context, [...parts]);
  const isSelf = plainName === own.oprname && namespace.oid === own.oprnamespace;
  if (isSelf && left === own.oprleft && right === own.oprright) {
    if (option === 'negator') throw pgError(SqlState.invalidFunctionDefinition, 'operator cannot be its own negator');
    return own.oid;
  }
  return shellOperator(context, { oprname: plainName, oprnamespace: namespace.oid, oprleft: left, oprright: right });
}

async function shellOperator(
  context: CommandContext,
  key: Pick<PgOperatorRow, 'oprname' | 'oprnamespace' | 'oprleft' | 'oprright'>,
): Promise<number> {
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_operator');
  const row: Omit<PgOperatorRow, 'oid'> = {
    ...key,
    oprowner: context.userId,
    oprkind: key.oprleft === 0 ? 'l' : 'b',
    oprcanmerge: false,
    oprcanhash: false,
    oprresult: 0,
    oprcom: 0,
    oprnegate: 0,
    oprcode: 0,
    oprrest: 0,
    oprjoin: 0,
  };
  await tables.insert(context.transaction, 'pg_operator', { oid, ...row });
  await recordOperator(context, oid, row);
  return oid;
}

/** ALTER OPERATOR ... SET (...). */
export async function alterOperatorStatement(
  statement: AlterOperatorStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const { tables } = context.catalog;
  const oid = lookupOperator(context, statement.opername ?? {});
  const entry = tables.findOne('pg_operator', { oid });
  if (entry === null) throw new Error('invariant broken: operator without a row');
  requireOwner(context, entry.row.oprowner, 'operator', entry.row.oprname);
  const changes: { oprrest?: number; oprjoin?: number; oprcanmerge?: boolean; oprcanhash?: boolean } = {};
  const linked: DefElem[] = [];
  for (const def of defElems(statement.options)) {
    if (def.defname === 'restrict') changes.oprrest = def.arg ? estimator(context, def, 4) : 0;
    else if (def.defname === 'join') changes.oprjoin = def.arg ? estimator(context, def, 5) : 0;
    else if (def.defname === 'merges') changes.oprcanmerge = defBoolean(def);
    else if (def.defname === 'hashes') changes.oprcanhash = defBoolean(def);
    else if (def.defname === 'commutator' || def.defname === 'negator') linked.push(def);
    else throw pgError(SqlState.syntaxError, `operator attribute "${def.defname ?? ''}" cannot be changed`);
  }
  await tables.update(context.transaction, 'pg_operator', entry, changes);
  await linkPartners(context, oid, new Map(linked.map((def) => [def.defname ?? '', def])));
  return { kind: 'done', tag: 'ALTER OPERATOR' };
}
