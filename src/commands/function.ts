// CREATE FUNCTION and CREATE PROCEDURE: the pg_proc row as PostgreSQL stores it. SQL bodies written with BEGIN ATOMIC or
// RETURN are bound and stored as trees; string bodies are checked where check_function_bodies is on.
import type { CreateFunctionStmt, FunctionParameter, Node, TypeName } from '@pgsql/types';
import type { PgLanguageRow, PgProcRow } from '../catalog/generated/rows.js';
import { functionArgumentsMax } from '../base/limits.js';
import { functionSettings } from '../executor/services.js';
import { builtinFunction } from '../functions/registry.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { treeToJson } from '../trees/json.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { formatType, resolveParameterType, resolveType } from './column-type.js';
import { defaultAcl, recordAclDependencies } from './default-acl.js';
import { forgetDependencies, recordDependencies, recordDependency, recordOwner, schemaAddress } from './depend.js';
import { recordExpressionDependencies, queryReferences } from './expression-dependencies.js';
import { readFunctionOptions, type FunctionOptions } from './function-options.js';
import { objectTarget } from './namespace.js';
import { requireLanguageUsage, requireOwner, requireTypeUsage } from './permissions.js';
import { requireDeterminable } from './polymorphic-signature.js';
import { defElems, listItems, nodeAs, nodeOf, stringList } from './tree.js';
import { bindSqlBody, checkBody, isReturnBody, validateFunction } from './function-body.js';

/** CREATE FUNCTION, CREATE PROCEDURE. */
export async function createFunctionStatement(
  statement: CreateFunctionStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const isProcedure = statement.is_procedure === true;
  const { namespace, name } = await objectTarget(context, stringList(statement.funcname));
  const options = readFunctionOptions(context, defElems(statement.options), isProcedure);
  const language = requireLanguage(context, options.language ?? 'sql', statement);
  const parameters = readParameters(context, statement, isProcedure);
  const result = resultType(context, statement, parameters);
  for (const type of [result.type, ...parameters.outputTypes])
    requireDeterminable(context, 'result', type, parameters.inputTypes);
  const body = await readBody(context, statement, { language, options, parameters, result, name });
  const row: Omit<PgProcRow, 'oid' | 'proacl' | 'proowner'> = {
    proname: name,
    pronamespace: namespace.oid,
    prolang: language.oid,
    procost: options.cost ?? (language.lanname === 'internal' || language.lanname === 'c' ? 1 : 100),
    prorows: result.isSet ? (options.rows ?? 1000) : 0,
    provariadic: parameters.variadic,
    prosupport: options.support,
    prokind: isProcedure ? 'p' : options.isWindow ? 'w' : 'f',
    prosecdef: options.securityDefiner,
    proleakproof: options.leakproof,
    proisstrict: options.strict,
    proretset: result.isSet,
    provolatile: options.volatility,
    proparallel: options.parallel,
    pronargs: parameters.inputTypes.length,
    pronargdefaults: parameters.defaults.length,
    prorettype: result.type,
    proargtypes: parameters.inputTypes,
    proallargtypes: parameters.allTypes,
    proargmodes: parameters.modes,
    proargnames: parameters.names,
    proargdefaults: parameters.defaults.length === 0 ? null : treeToJson(parameters.defaults),
    protrftypes: null,
    prosrc: body.source,
    probin: body.binary,
    prosqlbody: body.queries === null ? null : treeToJson(body.queries),
    proconfig: options.config,
  };
  if (!result.isSet && options.rows !== null) {
    throw pgError(SqlState.invalidParameterValue, 'ROWS is not applicable when function does not return a set');
  }
  const oid = await storeFunction(context, row, { replace: statement.replace === true, isProcedure });
  await recordFunction(context, oid, row, { parameters, queries: body.queries });
  if (language.lanname === 'plpgsql') validateFunction(context, oid, body.source);
  return { kind: 'done', tag: isProcedure ? 'CREATE PROCEDURE' : 'CREATE FUNCTION' };
}

function requireLanguage(context: CommandContext, name: string, statement: CreateFunctionStmt): PgLanguageRow {
  if (name === 'sql' && !statement.sql_body && !defElems(statement.options).some((def) => def.defname === 'language')) {
    throw pgError(SqlState.invalidFunctionDefinition, 'no language specified');
  }
  const row = context.catalog.tables.findOne('pg_language', { lanname: name })?.row;
  if (row === undefined) {
    const isKnown = ['plperl', 'plperlu', 'plpython3u', 'pltcl', 'pltclu'].includes(name);
    throw pgError(SqlState.undefinedObject, `language "${name}" does not exist`, {
      hint: isKnown ? 'Use CREATE EXTENSION to load the language into the database.' : undefined,
    });
  }
  if (row.lanpltrusted) requireLanguageUsage(context, row);
  else if (!context.isSuperuser)
    throw pgError(SqlState.insufficientPrivilege, `permission denied for language ${name}`);
  return row;
}

export interface FunctionParameters {
  readonly inputTypes: readonly number[];
  readonly inputNames: readonly string[];
  readonly allTypes: readonly number[] | null;
  readonly modes: readonly string[] | null;
  readonly names: readonly string[] | null;
  readonly defaults: readonly Expression[];
  readonly variadic: number;
  /** Types of OUT, INOUT and TABLE parameters. */
  readonly outputTypes: readonly number[];
  readonly isTable: boolean;
}

const modeLetters: Readonly<Record<string, string>> = {
  FUNC_PARAM_IN: 'i',
  FUNC_PARAM_OUT: 'o',
  FUNC_PARAM_INOUT: 'b',
  FUNC_PARAM_VARIADIC: 'v',
  FUNC_PARAM_TABLE: 't',
  FUNC_PARAM_DEFAULT: 'i',
};

/** Reads a parameter list: types, modes, names, defaults. Throws 42P13. */
export function readParameters(
  context: CommandContext,
  statement: Pick<CreateFunctionStmt, 'parameters'>,
  isProcedure: boolean,
): FunctionParameters {
  const parameters = (statement.parameters ?? []).map((node) => nodeOf(node, 'FunctionParameter') as FunctionParameter);
  const invalid = (text: string): Error => pgError(SqlState.invalidFunctionDefinition, text);
  const all: { readonly type: number; readonly mode: string; readonly name: string }[] = [];
  const defaults: Expression[] = [];
  let variadic = 0;
  let sawDefault = false;
  for (const parameter of parameters) {
    const mode = modeLetters[parameter.mode ?? 'FUNC_PARAM_IN'] as string;
    const type = parameterType(context, parameter.argType, isProcedure);
    const name = parameter.name ?? '';
    const isInput = mode === 'i' || mode === 'b' || mode === 'v';
    if (variadic !== 0 && isInput) throw invalid('VARIADIC parameter must be the last input parameter');
    if (variadic !== 0 && isProcedure) throw invalid('VARIADIC parameter must be the last parameter');
    if (mode === 'v') variadic = variadicElement(context, type);
    requireUniqueName(all, name, mode);
    if (parameter.defexpr) {
      if (!isInput) throw invalid('only input parameters can have default values');
      defaults.push(bindParameterDefault(context, parameter.defexpr, type, name));
      sawDefault = true;
    } else if (sawDefault && isInput)
      throw invalid('input parameters after one with a default value must also have defaults');
    else if (sawDefault && isProcedure && mode === 'o')
      throw invalid('procedure OUT parameters cannot appear after one with a default value');
    all.push({ type, mode, name });
  }
  return summarize(all, defaults, variadic);
}

function summarize(
  all: readonly { readonly type: number; readonly mode: string; readonly name: string }[],
  defaults: readonly Expression[],
  variadic: number,
): FunctionParameters {
  const inputs = all.filter(({ mode }) => mode === 'i' || mode === 'b' || mode === 'v');
  if (inputs.length > functionArgumentsMax) {
    throw pgError(SqlState.tooManyArguments, `functions cannot have more than ${functionArgumentsMax} arguments`);
  }
  const isPlain = all.every(({ mode }) => mode === 'i');
  return {
    inputTypes: inputs.map(({ type }) => type),
    inputNames: inputs.map(({ name }) => name),
    allTypes: isPlain ? null : all.map(({ type }) => type),
    modes: isPlain ? null : all.map(({ mode }) => mode),
    names: all.some(({ name }) => name !== '') ? all.map(({ name }) => name) : null,
    defaults,
    variadic,
    outputTypes: all.filter(({ mode }) => mode === 'o' || mode === 'b' || mode === 't').map(({ type }) => type),
    isTable: all.some(({ mode }) => mode === 't'),
  };
}

function parameterType(context: CommandContext, typeName: TypeName | undefined, isProcedure: boolean): number {
  const type = resolveParameterType(context, typeName);
  requireTypeUsage(context, type);
  if (typeName?.setof) {
    throw pgError(
      SqlState.invalidFunctionDefinition,
      isProcedure ? 'procedures cannot accept set arguments' : 'functions cannot accept set arguments',
    );
  }
  return type;
}

function variadicElement(context: CommandContext, type: number): number {
  if (type === TypeOid.any) return TypeOid.any;
  if (type === TypeOid.anyarray) return TypeOid.anyelement;
  if (type === 5078) return 5077;
  const { element } = context.catalog.typeByOid(type);
  if (element === 0) throw pgError(SqlState.invalidFunctionDefinition, 'VARIADIC parameter must be an array');
  return element;
}

/** Input names among themselves, output names among themselves. */
function requireUniqueName(
  all: readonly { readonly mode: string; readonly name: string }[],
  name: string,
  mode: string,
): void {
  if (name === '') return;
  const clashes = all.some(
    (other) =>
      other.name === name &&
      !((mode === 'i' || mode === 'v') && (other.mode === 'o' || other.mode === 't')) &&
      !((mode === 'o' || mode === 't') && (other.mode === 'i' || other.mode === 'v')),
  );
  if (clashes) throw pgError(SqlState.invalidFunctionDefinition, `parameter name "${name}" used more than once`);
}

function bindParameterDefault(context: CommandContext, node: Node, type: number, name: string): Expression {
  const target = { type, typmod: -1, collation: context.catalog.typeByOid(type).collation, columnName: name };
  return context.corridor.analyzeExpression(node, { use: 'functionDefault', relation: 0, target }, context.sourceText);
}

export interface FunctionResult {
  readonly type: number;
  readonly isSet: boolean;
}

function resultType(
  context: CommandContext,
  statement: CreateFunctionStmt,
  parameters: FunctionParameters,
): FunctionResult {
  const { outputTypes } = parameters;
  const implied =
    outputTypes.length === 0 ? null : outputTypes.length === 1 ? (outputTypes[0] as number) : TypeOid.record;
  if (statement.is_procedure) return { type: implied === null ? TypeOid.void : TypeOid.record, isSet: false };
  if (parameters.isTable) return { type: implied ?? TypeOid.record, isSet: true };
  if (!statement.returnType) {
    if (implied !== null) return { type: implied, isSet: false };
    throw pgError(SqlState.invalidFunctionDefinition, 'function result type must be specified');
  }
  const { type } = resolveType(context, statement.returnType);
  requireTypeUsage(context, type);
  if (implied !== null && implied !== type) {
    throw pgError(
      SqlState.invalidFunctionDefinition,
      `function result type must be ${formatType(context, implied)} because of OUT parameters`,
    );
  }
  return { type, isSet: statement.returnType.setof === true };
}

interface FunctionBody {
  readonly source: string;
  readonly binary: string | null;
  readonly queries: readonly import('../trees/query.js').Query[] | null;
}

async function readBody(
  context: CommandContext,
  statement: CreateFunctionStmt,
  about: {
    readonly language: PgLanguageRow;
    readonly options: FunctionOptions;
    readonly parameters: FunctionParameters;
    readonly result: FunctionResult;
    readonly name: string;
  },
): Promise<FunctionBody> {
  const { language, options } = about;
  const as = options.as ? listItems(options.as.arg).map((node) => nodeAs(node, 'String')?.sval ?? '') : null;
  if (statement.sql_body) {
    if (as !== null) throw pgError(SqlState.invalidFunctionDefinition, 'duplicate function body specified');
    if (language.lanname !== 'sql') {
      throw pgError(SqlState.invalidFunctionDefinition, 'inline SQL function body only valid for language SQL');
    }
    // The marker tells the printer of definitions the two forms apart.
    const source = isReturnBody(statement.sql_body) ? 'RETURN' : '';
    return { source, binary: null, queries: await bindSqlBody(context, statement.sql_body, about) };
  }
  if (as === null) throw pgError(SqlState.invalidFunctionDefinition, 'no function body specified');
  if (language.lanname === 'c') throw notSupported('LANGUAGE C');
  if (as.length > 1) {
    throw pgError(SqlState.invalidFunctionDefinition, `only one AS item needed for language "${language.lanname}"`);
  }
  const source = as[0] as string;
  if (language.lanname === 'internal' && builtinFunction(source) === undefined) {
    throw pgError(SqlState.undefinedFunction, `there is no built-in function named "${source}"`);
  }
  if (context.session.setting('check_function_bodies') !== 'off') {
    const leave = context.session.service(functionSettings).enter(options.config ?? []);
    try {
      await checkBody(context, source, about);
    } finally {
      leave();
    }
  }
  return { source, binary: null, queries: null };
}

/** Inserts the row or, with OR REPLACE, changes the existing one after checking that callers won't notice. */
async function storeFunction(
  context: CommandContext,
  row: Omit<PgProcRow, 'oid' | 'proacl' | 'proowner'>,
  how: { readonly replace: boolean; readonly isProcedure: boolean },
): Promise<number> {
  const { tables } = context.catalog;
  const existing = tables
    .find('pg_proc', { proname: row.proname, pronamespace: row.pronamespace })
    .find((entry) => sameTypes(entry.row.proargtypes, row.proargtypes));
  if (existing === undefined) {
    const oid = tables.newOid('pg_proc');
    const proacl = defaultAcl(context, 'f', context.userId, row.pronamespace);
    await tables.insert(context.transaction, 'pg_proc', { oid, proowner: context.userId, proacl, ...row });
    await recordOwner(context, ClassOid.proc, oid, context.userId);
    await recordAclDependencies(context, objectAddress(ClassOid.proc, oid), context.userId, proacl);
    return oid;
  }
  if (!how.replace) {
    throw pgError(SqlState.duplicateFunction, `function "${row.proname}" already exists with same argument types`);
  }
  requireOwner(context, existing.row.proowner, how.isProcedure ? 'procedure' : 'function', row.proname);
  checkReplacement(context, existing.row, row);
  await tables.update(context.transaction, 'pg_proc', existing, row);
  await forgetDependencies(context, objectAddress(ClassOid.proc, existing.row.oid));
  return existing.row.oid;
}

function sameTypes(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((type, index) => type === right[index]);
}

function checkReplacement(
  context: CommandContext,
  old: PgProcRow,
  row: Omit<PgProcRow, 'oid' | 'proacl' | 'proowner'>,
): void {
  const signature = `${old.proname}(${old.proargtypes.map((type) => formatType(context, type)).join(',')})`;
  const hint = `Use DROP ${old.prokind === 'p' ? 'PROCEDURE' : 'FUNCTION'} ${signature} first.`;
  const refuse = (text: string, detail?: string): Error =>
    pgError(SqlState.invalidFunctionDefinition, text, { hint, ...(detail ? { detail } : {}) });
  if (old.prokind !== row.prokind) {
    const nouns: Readonly<Record<string, string>> = {
      a: 'an aggregate function',
      f: 'a function',
      p: 'a procedure',
      w: 'a window function',
    };
    throw pgError(SqlState.wrongObjectType, 'cannot change routine kind', {
      detail: `"${old.proname}" is ${nouns[old.prokind] ?? 'a function'}.`,
    });
  }
  if (old.prorettype !== row.prorettype || old.proretset !== row.proretset) {
    throw refuse(
      old.prokind === 'p'
        ? 'cannot change whether a procedure has output parameters'
        : 'cannot change return type of existing function',
    );
  }
  if (row.prorettype === TypeOid.record && JSON.stringify(old.proallargtypes) !== JSON.stringify(row.proallargtypes)) {
    throw refuse('cannot change return type of existing function', 'Row type defined by OUT parameters is different.');
  }
  for (const [index, name] of (old.proargnames ?? []).entries()) {
    if (name === '' || (row.proargnames?.[index] ?? '') === name) continue;
    const mode = old.proargmodes?.[index] ?? 'i';
    if (mode === 't' || mode === 'o') continue;
    throw refuse(`cannot change name of input parameter "${name}"`);
  }
  if (old.pronargdefaults > row.pronargdefaults) {
    throw refuse('cannot remove parameter defaults from existing function');
  }
}

async function recordFunction(
  context: CommandContext,
  oid: number,
  row: Omit<PgProcRow, 'oid' | 'proacl' | 'proowner'>,
  parts: { readonly parameters: FunctionParameters; readonly queries: FunctionBody['queries'] },
): Promise<void> {
  const address = objectAddress(ClassOid.proc, oid);
  await recordDependency(context, address, schemaAddress(row.pronamespace), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.language, row.prolang), 'n');
  const types = [row.prorettype, ...(row.proallargtypes ?? row.proargtypes)];
  await recordDependencies(
    context,
    address,
    types.map((type) => objectAddress(ClassOid.type, type)),
    'n',
  );
  await recordDependency(context, address, objectAddress(ClassOid.proc, row.prosupport), 'n');
  for (const expression of parts.parameters.defaults) {
    await recordExpressionDependencies(context, address, expression, { relation: 0, type: 'n', selfType: 'n' });
  }
  const references = (parts.queries ?? []).flatMap((query) => queryReferences(context, query));
  await recordDependencies(context, address, references, 'n');
}
