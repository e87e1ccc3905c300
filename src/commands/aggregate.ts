// CREATE AGGREGATE: the pg_proc and pg_aggregate rows.
import type { CreateFunctionStmt, DefElem, DefineStmt, Node, TypeName } from '@pgsql/types';
import type { PgAggregateRow } from '../catalog/generated/rows.js';
import type { FunctionDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { warnOfUnknown } from './attributes.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { formatType, resolveType } from './column-type.js';
import { defaultAcl } from './default-acl.js';
import { recordDependencies, recordDependency, recordOwner, schemaAddress } from './depend.js';
import { readParameters } from './function.js';
import { parallelLetter } from './function-options.js';
import { objectTarget } from './namespace.js';
import { requireFunctionExecute } from './permissions.js';
import { requireDeterminable } from './polymorphic-signature.js';
import { defBoolean, defElems, defInt4, defString, listItems, nodeAs, qualifiedName, stringList } from './tree.js';

type Given = ReadonlyMap<string, DefElem>;
const internalLanguage = 12;

const attributes: ReadonlySet<string> = new Set(
  (
    'sfunc sfunc1 finalfunc combinefunc serialfunc deserialfunc msfunc minvfunc mfinalfunc finalfunc_extra ' +
    'mfinalfunc_extra finalfunc_modify mfinalfunc_modify sortop basetype hypothetical stype stype1 sspace mstype ' +
    'msspace initcond initcond1 minitcond parallel'
  ).split(' '),
);

/** CREATE AGGREGATE. */
export async function createAggregate(statement: DefineStmt, context: CommandContext): Promise<void> {
  const { tables } = context.catalog;
  const { namespace, name } = await objectTarget(context, stringList(statement.defnames));
  const given: Given = new Map(defElems(statement.definition).map((def) => [def.defname ?? '', def]));
  warnOfUnknown(context, 'aggregate', given, attributes);
  requireMovingParts(given);
  const inputs = inputTypes(context, statement, given);
  if (!given.has('stype') && !given.has('stype1'))
    throw pgError(SqlState.invalidFunctionDefinition, 'aggregate stype must be specified');
  const stateType = typeOption(context, given.get('stype') ?? given.get('stype1'));
  requireDeterminable(context, 'transition', stateType, inputs.types);
  const transition = stateFunction(context, given.get('sfunc') ?? given.get('sfunc1'), [stateType, ...inputs.types], {
    option: 'sfunc',
    what: 'transition',
  });
  const hasFinalExtra = given.has('finalfunc_extra');
  const finalArgs = hasFinalExtra ? [stateType, ...inputs.types] : [stateType];
  const final = given.has('finalfunc')
    ? supportFunction(context, given.get('finalfunc'), finalArgs, 'finalfunc')
    : null;
  const resultType = final?.resultType ?? stateType;
  requireDeterminable(context, 'result', resultType, inputs.types);
  const existing = tables
    .find('pg_proc', { proname: name, pronamespace: namespace.oid })
    .find((entry) => JSON.stringify(entry.row.proargtypes) === JSON.stringify(inputs.types));
  if (existing !== undefined) {
    throw pgError(SqlState.duplicateFunction, `function "${name}" already exists with same argument types`);
  }
  const oid = tables.newOid('pg_proc');
  await tables.insert(context.transaction, 'pg_proc', {
    oid,
    proname: name,
    pronamespace: namespace.oid,
    proowner: context.userId,
    prolang: internalLanguage,
    procost: 1,
    prorows: 0,
    provariadic: inputs.variadic,
    prosupport: 0,
    prokind: 'a',
    prosecdef: false,
    proleakproof: false,
    proisstrict: false,
    proretset: false,
    provolatile: 'i',
    proparallel: given.has('parallel') ? parallelLetter(given.get('parallel')) : 'u',
    pronargs: inputs.types.length,
    pronargdefaults: 0,
    prorettype: resultType,
    proargtypes: inputs.types,
    proallargtypes: inputs.variadic === 0 ? null : inputs.types,
    proargmodes: inputs.modes,
    proargnames: inputs.names,
    proargdefaults: null,
    protrftypes: null,
    prosrc: 'aggregate_dummy',
    probin: null,
    prosqlbody: null,
    proconfig: null,
    proacl: defaultAcl(context, 'f', context.userId, namespace.oid),
  });
  await insertAggregateRow(context, oid, { given, inputs, stateType, transition, final, hasFinalExtra });
  const address = objectAddress(ClassOid.proc, oid);
  await recordDependency(context, address, schemaAddress(namespace.oid), 'n');
  await recordOwner(context, ClassOid.proc, oid, context.userId);
  const types = [...inputs.types, resultType, stateType].map((type) => objectAddress(ClassOid.type, type));
  await recordDependencies(context, address, types, 'n');
}

/** A moving-aggregate state comes with its functions, and they with it. */
function requireMovingParts(given: Given): void {
  const invalid = (message: string) => pgError(SqlState.invalidFunctionDefinition, message);
  if (given.has('mstype')) {
    for (const needed of ['msfunc', 'minvfunc'])
      if (!given.has(needed)) throw invalid(`aggregate ${needed} must be specified when mstype is specified`);
    return;
  }
  for (const option of ['msfunc', 'minvfunc', 'mfinalfunc', 'msspace', 'minitcond'])
    if (given.has(option)) throw invalid(`aggregate ${option} must not be specified without mstype`);
}

interface Inputs {
  readonly types: readonly number[];
  readonly variadic: number;
  readonly modes: readonly string[] | null;
  readonly names: readonly string[] | null;
  /** Direct arguments of an ordered-set aggregate; -1 for a plain one. */
  readonly directCount: number;
}

function inputTypes(context: CommandContext, statement: DefineStmt, given: Given): Inputs {
  if (statement.oldstyle) {
    const base = given.get('basetype');
    if (base === undefined) throw pgError(SqlState.invalidFunctionDefinition, 'aggregate input type must be specified');
    const isAny = ['any', '"any"', '*'].includes(defString(base).toLowerCase());
    const types = isAny ? [] : [typeOption(context, base)];
    return { types, variadic: 0, modes: null, names: null, directCount: -1 };
  }
  const [parameterNode, countNode] = statement.args ?? [];
  const list = listItems(parameterNode as Node | undefined);
  const wanted: Pick<CreateFunctionStmt, 'parameters'> = { parameters: [...list] };
  const parameters = readParameters(context, wanted, false);
  const directCount = nodeAs(countNode, 'Integer')?.ival ?? (countNode && 'Integer' in countNode ? 0 : -1);
  if (directCount >= 0) throw notSupported('CREATE AGGREGATE of an ordered-set aggregate');
  return {
    types: parameters.inputTypes,
    variadic: parameters.variadic,
    modes: parameters.modes,
    names: parameters.names,
    directCount,
  };
}

function typeOption(context: CommandContext, def: DefElem | undefined): number {
  const typeName = nodeAs(def?.arg, 'TypeName') as TypeName | null;
  return resolveType(context, typeName ?? { names: [{ String: { sval: def ? defString(def) : '' } }], typemod: -1 })
    .type;
}

function functionNames(def: DefElem): string[] {
  const typeName = nodeAs(def.arg, 'TypeName') as TypeName | null;
  return stringList(typeName ? typeName.names : def.arg);
}

interface Support {
  readonly fn: FunctionDescriptor;
  readonly resultType: number;
}

function supportFunction(
  context: CommandContext,
  def: DefElem | undefined,
  argTypes: readonly number[],
  word: string,
): Support {
  if (def === undefined) throw pgError(SqlState.invalidFunctionDefinition, `aggregate ${word} must be specified`);
  const found = context.corridor.supportFunction(functionNames(def), argTypes);
  requireFunctionExecute(context, found.fn.oid);
  return found;
}

/** A function that keeps the state must return the state's type. */
function stateFunction(
  context: CommandContext,
  def: DefElem | undefined,
  argTypes: readonly number[],
  words: { readonly option: string; readonly what: string; readonly type?: number },
): FunctionDescriptor {
  const { fn, resultType } = supportFunction(context, def, argTypes, words.option);
  const type = words.type ?? argTypes[0] ?? 0;
  if (resultType !== type && def !== undefined) {
    const message = `return type of ${words.what} function ${functionNames(def).join('.')} is not ${formatType(context, type)}`;
    throw pgError(SqlState.datatypeMismatch, message);
  }
  return fn;
}

function isBinaryCoercible(context: CommandContext, source: number, target: number): boolean {
  return source === target || context.catalog.cast(source, target)?.method === 'b';
}

interface AggregateParts {
  readonly given: Given;
  readonly inputs: Inputs;
  readonly stateType: number;
  readonly transition: FunctionDescriptor;
  readonly final: Support | null;
  readonly hasFinalExtra: boolean;
}

async function insertAggregateRow(context: CommandContext, oid: number, parts: AggregateParts): Promise<void> {
  const { given, inputs, stateType, transition, final } = parts;
  const initial = given.get('initcond') ?? given.get('initcond1');
  if (
    transition.isStrict &&
    initial === undefined &&
    inputs.types[0] !== undefined &&
    !isBinaryCoercible(context, inputs.types[0], stateType)
  ) {
    throw pgError(
      SqlState.invalidFunctionDefinition,
      'must not omit initial value when transition function is strict and transition type is not compatible with input type',
    );
  }
  const row = aggregateRow(context, oid, parts);
  await context.catalog.tables.insert(context.transaction, 'pg_aggregate', row);
  const functions = [
    row.aggtransfn,
    row.aggfinalfn,
    row.aggcombinefn,
    row.aggserialfn,
    row.aggdeserialfn,
    row.aggmtransfn,
    row.aggminvtransfn,
    row.aggmfinalfn,
  ];
  const address = objectAddress(ClassOid.proc, oid);
  await recordDependencies(
    context,
    address,
    functions.map((fn) => objectAddress(ClassOid.proc, fn)),
    'n',
  );
  await recordDependency(context, address, objectAddress(ClassOid.operator, row.aggsortop), 'n');
}

function aggregateRow(context: CommandContext, oid: number, parts: AggregateParts): PgAggregateRow {
  const { given, inputs, stateType, transition, final } = parts;
  const initial = given.get('initcond') ?? given.get('initcond1');
  const optional = (name: string, argTypes: readonly number[]): number =>
    given.has(name) ? supportFunction(context, given.get(name), argTypes, name).fn.oid : 0;
  const state = (option: string, argTypes: readonly number[], what: string, type?: number): number =>
    given.has(option)
      ? stateFunction(context, given.get(option), argTypes, { option, what, ...(type === undefined ? {} : { type }) })
          .oid
      : 0;
  requireSerialPair(given, stateType);
  const movingType = given.has('mstype') ? typeOption(context, given.get('mstype')) : 0;
  const moving = [movingType, ...inputs.types];
  return {
    aggfnoid: oid,
    aggkind: 'n',
    aggnumdirectargs: 0,
    aggtransfn: transition.oid,
    aggfinalfn: final?.fn.oid ?? 0,
    aggcombinefn: state('combinefunc', [stateType, stateType], 'combine'),
    aggserialfn: state('serialfunc', [TypeOid.internal], 'serialization', TypeOid.bytea),
    aggdeserialfn: state('deserialfunc', [TypeOid.bytea, TypeOid.internal], 'deserialization', TypeOid.internal),
    aggmtransfn: movingType === 0 ? 0 : state('msfunc', moving, 'transition'),
    aggminvtransfn: movingType === 0 ? 0 : state('minvfunc', moving, 'inverse transition'),
    aggmfinalfn: movingType === 0 ? 0 : optional('mfinalfunc', given.has('mfinalfunc_extra') ? moving : [movingType]),
    aggfinalextra: parts.hasFinalExtra,
    aggmfinalextra: given.has('mfinalfunc_extra') && defBoolean(given.get('mfinalfunc_extra') as DefElem),
    aggfinalmodify: modifyLetter(given.get('finalfunc_modify')),
    aggmfinalmodify: modifyLetter(given.get('mfinalfunc_modify')),
    aggsortop: sortOperator(context, given.get('sortop'), inputs),
    aggtranstype: stateType,
    aggtransspace: given.has('sspace') ? defInt4(given.get('sspace') as DefElem) : 0,
    aggmtranstype: movingType,
    aggmtransspace: given.has('msspace') ? defInt4(given.get('msspace') as DefElem) : 0,
    agginitval: initial === undefined ? null : defString(initial),
    aggminitval: given.has('minitcond') ? defString(given.get('minitcond') as DefElem) : null,
  };
}

function requireSerialPair(given: Given, stateType: number): void {
  const [serial, deserial] = [given.has('serialfunc'), given.has('deserialfunc')];
  const invalid = (message: string) => pgError(SqlState.invalidFunctionDefinition, message);
  if (serial !== deserial) throw invalid('must specify both or neither of serialization and deserialization functions');
  if ((serial || deserial) && stateType !== TypeOid.internal)
    throw invalid('serialization functions may be specified only when the aggregate transition data type is internal');
}

function modifyLetter(def: DefElem | undefined): string {
  const letters: Readonly<Record<string, string>> = { read_only: 'r', shareable: 's', read_write: 'w' };
  const letter = letters[def ? defString(def) : 'read_only'];
  if (letter === undefined) {
    throw pgError(
      SqlState.syntaxError,
      `parameter "${def?.defname ?? ''}" must be READ_ONLY, SHAREABLE, or READ_WRITE`,
    );
  }
  return letter;
}

function sortOperator(context: CommandContext, def: DefElem | undefined, inputs: Inputs): number {
  if (def === undefined) return 0;
  const name = qualifiedName(functionNames(def));
  const [type] = inputs.types;
  const found = context.catalog
    .operatorsNamed(name.schema, name.name, 'b')
    .find((operator) => operator.left === type && operator.right === type);
  if (found === undefined) throw pgError(SqlState.undefinedFunction, `operator does not exist: ${name.name}`);
  return found.oid;
}
