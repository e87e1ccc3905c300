// CREATE TYPE ... AS RANGE (manual, section 8.17.8): the range type, its multirange type, the array types over both, the
// functions that make their values, and the cast from one to the other.
import type { CreateRangeStmt, DefElem, TypeName } from '@pgsql/types';
import { identifierBytesMax } from '../base/limits.js';
import type { PgProcRow, PgRangeRow } from '../catalog/generated/rows.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { bootstrapSuperuser, ClassOid, objectAddress, TypeOid } from './classes.js';
import { formatType, requireCollation, resolveType } from './column-type.js';
import { recordDependency, schemaAddress } from './depend.js';
import { opclassAccepts } from './index-definition.js';
import { objectTarget } from './namespace.js';
import { clipBytes } from './naming.js';
import { requireFunctionExecute, requireTypeUsage } from './permissions.js';
import { conflictingOptions, defElems, locationOf, nodeAs, qualifiedName, stringList } from './tree.js';
import { insertTypeWithArray, requireFreeTypeName } from './type-rows.js';

type Given = ReadonlyMap<string, DefElem>;

const attributes: readonly string[] = [
  'subtype',
  'subtype_opclass',
  'collation',
  'canonical',
  'subtype_diff',
  'multirange_type_name',
];
const internalLanguage = 12;
const float8 = 701;
const rangeFunctions = { typinput: 3834, typoutput: 3835, typreceive: 3836, typsend: 3837, typanalyze: 3916 } as const;
const multirangeFunctions = {
  typinput: 4231,
  typoutput: 4232,
  typreceive: 4233,
  typsend: 4234,
  typanalyze: 4242,
} as const;

interface TypeTarget {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
}

/** CREATE TYPE ... AS RANGE. */
export async function createRangeStatement(
  statement: CreateRangeStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const { tables } = context.catalog;
  const { namespace, name } = await objectTarget(context, stringList(statement.typeName));
  await requireFreeTypeName(context, name, namespace.oid, false);
  const given = readAttributes(defElems(statement.params));
  const facts = rangeFacts(context, given);
  const multirange = await multirangeTarget(context, given.get('multirange_type_name'), {
    name,
    schema: namespace.oid,
  });
  const range: TypeTarget = { oid: tables.newOid('pg_type'), name, schema: namespace.oid };
  // What a range type is made of must be there when the type is first looked at.
  await tables.insert(context.transaction, 'pg_range', {
    ...facts,
    rngtypid: range.oid,
    rngmultitypid: multirange.oid,
  });
  await insertTypes(context, facts, range, multirange);
  await insertConstructors(context, facts, range, multirange);
  return { kind: 'done', tag: 'CREATE TYPE' };
}

function readAttributes(definitions: readonly DefElem[]): Given {
  const given = new Map<string, DefElem>();
  for (const def of definitions) {
    const name = def.defname ?? '';
    if (!attributes.includes(name)) throw pgError(SqlState.syntaxError, `type attribute "${name}" not recognized`);
    if (given.has(name)) conflictingOptions(def);
    given.set(name, def);
  }
  return given;
}

function namesOf(def: DefElem): string[] {
  const typeName = nodeAs(def.arg, 'TypeName') as TypeName | null;
  return stringList(typeName ? typeName.names : def.arg);
}

type RangeFacts = Omit<PgRangeRow, 'rngtypid' | 'rngmultitypid'>;

function rangeFacts(context: CommandContext, given: Given): RangeFacts {
  const def = given.get('subtype');
  const typeName = nodeAs(def?.arg, 'TypeName') as TypeName | null;
  if (def === undefined || typeName === null)
    throw pgError(SqlState.syntaxError, 'type attribute "subtype" is required');
  const subtype = resolveType(context, typeName).type;
  requireTypeUsage(context, subtype);
  const type = context.catalog.typeByOid(subtype);
  if (type.kind === 'p')
    throw pgError(SqlState.datatypeMismatch, `range subtype cannot be ${formatType(context, subtype)}`);
  const collation = given.get('collation');
  if (collation !== undefined && type.collation === 0)
    throw pgError(SqlState.wrongObjectType, 'range collation specified but subtype does not support collation');
  if (given.has('canonical'))
    throw pgError(
      SqlState.invalidObjectDefinition,
      'cannot specify a canonical function without a pre-created shell type',
      {
        hint: 'Create the type as a shell type, then create its canonicalization function, then do a full CREATE TYPE.',
      },
    );
  return {
    rngsubtype: subtype,
    rngsubopc: subtypeOpclass(context, given.get('subtype_opclass'), subtype),
    rngcollation:
      collation === undefined
        ? type.collation
        : requireCollation(context, namesOf(collation), locationOf(collation).location),
    rngcanonical: 0,
    rngsubdiff: subtypeDifference(context, given.get('subtype_diff'), subtype),
  };
}

/** Opclasses that order texts by code points; every other one must be the type's default. */
const patternOpclasses: ReadonlySet<string> = new Set(['text_pattern_ops', 'varchar_pattern_ops']);

function subtypeOpclass(context: CommandContext, def: DefElem | undefined, subtype: number): number {
  const standard = context.catalog.defaultOpclass(subtype, 'btree');
  if (def === undefined) {
    if (standard !== null) return standard.oid;
    throw pgError(
      SqlState.undefinedObject,
      `data type ${formatType(context, subtype)} has no default operator class for access method "btree"`,
      {
        hint: 'You must specify an operator class for the range type or define a default operator class for the subtype.',
      },
    );
  }
  const parts = namesOf(def);
  const name = qualifiedName(parts);
  const found = context.catalog.findOpclass('btree', name.schema, name.name);
  const written = parts.join('.');
  if (found === null)
    throw pgError(SqlState.undefinedObject, `operator class "${written}" does not exist for access method "btree"`);
  if (!opclassAccepts(context, found.inputType, subtype))
    throw pgError(
      SqlState.datatypeMismatch,
      `operator class "${written}" does not accept data type ${formatType(context, subtype)}`,
    );
  if (found.oid !== standard?.oid && !patternOpclasses.has(name.name))
    throw notSupported(`a range over operator class ${written}`);
  return found.oid;
}

function subtypeDifference(context: CommandContext, def: DefElem | undefined, subtype: number): number {
  if (def === undefined) return 0;
  const parts = namesOf(def);
  const { fn, resultType } = context.corridor.supportFunction(parts, [subtype, subtype]);
  const type = formatType(context, subtype);
  const refuse = (what: string): Error =>
    pgError(
      SqlState.invalidObjectDefinition,
      `range subtype diff function ${parts.join('.')}(${type}, ${type}) must ${what}`,
    );
  if (resultType !== float8) throw refuse('return type double precision');
  if (fn.volatility !== 'i') throw refuse('be immutable');
  requireFunctionExecute(context, fn.oid);
  return fn.oid;
}

/** The multirange type's name: as given, or the range type's with `multi` before its `range`. */
async function multirangeTarget(
  context: CommandContext,
  def: DefElem | undefined,
  range: { readonly name: string; readonly schema: number },
): Promise<TypeTarget> {
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_type');
  if (def !== undefined) {
    const { namespace, name } = await objectTarget(context, namesOf(def));
    await requireFreeTypeName(context, name, namespace.oid, false);
    return { oid, name, schema: namespace.oid };
  }
  const at = range.name.indexOf('range');
  const name =
    at >= 0
      ? clipBytes(`${range.name.slice(0, at)}multi${range.name.slice(at)}`, identifierBytesMax)
      : `${clipBytes(range.name, identifierBytesMax - '_multirange'.length)}_multirange`;
  const taken = tables.findOne('pg_type', { typname: name, typnamespace: range.schema });
  if (taken !== null) {
    throw pgError(SqlState.duplicateObject, `type "${name}" already exists`, {
      detail: `Failed while creating a multirange type for type "${range.name}".`,
      hint: 'You can manually specify a multirange type name using the "multirange_type_name" attribute.',
    });
  }
  return { oid, name, schema: range.schema };
}

async function insertTypes(
  context: CommandContext,
  facts: RangeFacts,
  range: TypeTarget,
  multirange: TypeTarget,
): Promise<void> {
  const subtype = context.catalog.tables.findOne('pg_type', { oid: facts.rngsubtype });
  const typalign = subtype?.row.typalign === 'd' ? 'd' : 'i';
  for (const { target, typtype, functions } of [
    { target: range, typtype: 'r', functions: rangeFunctions },
    { target: multirange, typtype: 'm', functions: multirangeFunctions },
  ]) {
    await insertTypeWithArray(context, {
      oid: target.oid,
      typname: target.name,
      typnamespace: target.schema,
      typowner: context.userId,
      typtype,
      typcategory: 'R',
      typalign,
      ...functions,
    });
  }
  const address = objectAddress(ClassOid.type, range.oid);
  await recordDependency(context, address, objectAddress(ClassOid.type, facts.rngsubtype), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.opclass, facts.rngsubopc), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.collation, facts.rngcollation), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.proc, facts.rngsubdiff), 'n');
  await recordDependency(context, objectAddress(ClassOid.type, multirange.oid), address, 'i');
}

async function insertConstructors(
  context: CommandContext,
  facts: RangeFacts,
  range: TypeTarget,
  multirange: TypeTarget,
): Promise<void> {
  const { tables } = context.catalog;
  const two = [facts.rngsubtype, facts.rngsubtype];
  await insertConstructor(context, range, 'range_constructor2', { proargtypes: two });
  await insertConstructor(context, range, 'range_constructor3', { proargtypes: [...two, TypeOid.text] });
  const isStrict = { proisstrict: true } as const;
  await insertConstructor(context, multirange, 'multirange_constructor0', { ...isStrict, proargtypes: [] });
  const fromRange = { ...isStrict, proargtypes: [range.oid] };
  const castfunc = await insertConstructor(context, multirange, 'multirange_constructor1', fromRange);
  const array = tables.findOne('pg_type', { oid: range.oid })?.row.typarray ?? 0;
  await insertConstructor(context, multirange, 'multirange_constructor2', {
    ...isStrict,
    proargtypes: [array],
    provariadic: range.oid,
    proallargtypes: [array],
    proargmodes: ['v'],
  });
  const oid = tables.newOid('pg_cast');
  await tables.insert(context.transaction, 'pg_cast', {
    oid,
    castsource: range.oid,
    casttarget: multirange.oid,
    castfunc,
    castcontext: 'e',
    castmethod: 'f',
  });
  const cast = objectAddress(ClassOid.cast, oid);
  await recordDependency(context, cast, objectAddress(ClassOid.type, range.oid), 'i');
  await recordDependency(context, cast, objectAddress(ClassOid.type, multirange.oid), 'i');
  await recordDependency(context, cast, objectAddress(ClassOid.proc, castfunc), 'i');
}

/** A function under the type's name; it belongs to the type. */
async function insertConstructor(
  context: CommandContext,
  target: TypeTarget,
  symbol: string,
  values: Pick<PgProcRow, 'proargtypes'> & Partial<PgProcRow>,
): Promise<number> {
  const oid = context.catalog.tables.newOid('pg_proc');
  await context.catalog.tables.insert(context.transaction, 'pg_proc', {
    oid,
    proname: target.name,
    pronamespace: target.schema,
    proowner: bootstrapSuperuser,
    prolang: internalLanguage,
    procost: 1,
    prorows: 0,
    provariadic: 0,
    prosupport: 0,
    prokind: 'f',
    prosecdef: false,
    proleakproof: false,
    proisstrict: false,
    proretset: false,
    provolatile: 'i',
    proparallel: 's',
    pronargs: values.proargtypes.length,
    pronargdefaults: 0,
    prorettype: target.oid,
    proallargtypes: null,
    proargmodes: null,
    proargnames: null,
    proargdefaults: null,
    protrftypes: null,
    prosrc: symbol,
    probin: null,
    prosqlbody: null,
    proconfig: null,
    proacl: null,
    ...values,
  });
  const address = objectAddress(ClassOid.proc, oid);
  const type = objectAddress(ClassOid.type, target.oid);
  await recordDependency(context, address, schemaAddress(target.schema), 'n');
  for (const argument of values.proargtypes)
    await recordDependency(context, address, objectAddress(ClassOid.type, argument), 'n');
  await recordDependency(context, address, type, 'n');
  await recordDependency(context, address, type, 'i');
  return oid;
}
