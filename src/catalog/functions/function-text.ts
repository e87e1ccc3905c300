// pg_get_function_*: signatures and definitions of functions as SQL (manual, section 9.26.3).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn } from '../../functions/registry.js';
import { expressionListFromJson, queryListFromJson } from '../../trees/json.js';
import { quoteIdentifier, quoteLiteral } from '../../types/quote.js';
import type { Catalog } from '../api.js';
import { deparseContext } from '../deparse/context.js';
import { deparse } from '../deparse/expression.js';
import type { Namespace } from '../deparse/namespace.js';
import { deparseQuery } from '../deparse/query.js';
import type { FunctionDescriptor } from '../descriptors.js';
import type { PgProcRow } from '../generated/rows.js';
import { cLanguage, internalLanguage } from '../oids.js';
import { catalogOf } from './call.js';

interface Argument {
  readonly mode: string;
  readonly name: string;
  readonly type: number;
}

/** All arguments with their modes; functions without OUT ones store only the input types. */
function argumentsOf(found: FunctionDescriptor): readonly Argument[] {
  const types = found.allArgTypes ?? found.argTypes;
  return types.map((type, at) => ({ type, mode: found.argModes?.[at] ?? 'i', name: found.argNames?.[at] ?? '' }));
}

const modeWords: Readonly<Record<string, string>> = { o: 'OUT ', b: 'INOUT ', v: 'VARIADIC ' };

/** Text of one default: the nth of the trailing arguments that have one. */
function defaultTexts(catalog: Catalog, found: FunctionDescriptor): readonly string[] {
  if (found.argDefaults === null) return [];
  return expressionListFromJson(found.argDefaults).map((expression) => {
    const context = deparseContext(catalog, [], { pretty: false, varPrefix: false });
    deparse(context, expression, false);
    return context.writer.toString();
  });
}

function argumentList(
  catalog: Catalog,
  found: FunctionDescriptor,
  part: 'arguments' | 'table',
  withDefaults: boolean,
): string {
  const defaults = withDefaults ? defaultTexts(catalog, found) : [];
  const firstDefault = found.argTypes.length - found.argDefaultCount;
  const aggregate = found.kind === 'a' ? catalog.aggregate(found.oid) : null;
  const directCount = aggregate !== null && aggregate.kind !== 'n' ? aggregate.directArgCount : -1;
  const parts: string[] = [];
  let inputCount = 0;
  let orderBy = '';
  for (const { mode, name, type } of argumentsOf(found)) {
    const isInput = mode !== 'o' && mode !== 't';
    const inputAt = isInput ? inputCount++ : -1;
    if ((mode === 't') !== (part === 'table')) continue;
    const label = name === '' ? '' : `${quoteIdentifier(name)} `;
    const fallback = isInput && inputAt >= firstDefault ? defaults[inputAt - firstDefault] : undefined;
    parts.push(
      `${modeWords[mode] ?? (found.kind === 'p' ? 'IN ' : '')}${label}${catalog.formatType(type)}${fallback === undefined ? '' : ` DEFAULT ${fallback}`}`,
    );
    // A hypothetical-set aggregate with VARIADIC direct arguments takes the same list again behind ORDER BY.
    if (parts.length === directCount && inputCount === found.argTypes.length)
      orderBy = ` ORDER BY ${parts[parts.length - 1] ?? ''}`;
  }
  if (directCount < 0) return parts.join(', ');
  if (directCount >= parts.length) return parts.join(', ') + orderBy;
  return `${parts.slice(0, directCount).join(', ')}${directCount > 0 ? ' ' : ''}ORDER BY ${parts.slice(directCount).join(', ')}`;
}

function resultText(catalog: Catalog, found: FunctionDescriptor): string | null {
  if (found.kind === 'p') return null;
  if (found.argModes?.includes('t') === true) return `TABLE(${argumentList(catalog, found, 'table', false)})`;
  return `${found.returnsSet ? 'SETOF ' : ''}${catalog.formatType(found.returnType)}`;
}

const onFunction =
  (text: (catalog: Catalog, found: FunctionDescriptor) => string | null) =>
  (oid: number, info: CallInfo): string | null => {
    const catalog = catalogOf(info);
    const found = catalog.function(oid);
    return found === null ? null : text(catalog, found);
  };

fn('pg_get_function_arguments', {
  impl: onFunction((catalog, found) => argumentList(catalog, found, 'arguments', true)),
});
fn('pg_get_function_identity_arguments', {
  impl: onFunction((catalog, found) => argumentList(catalog, found, 'arguments', false)),
});
fn('pg_get_function_result', { impl: onFunction(resultText) });

fn('pg_get_function_arg_default', {
  impl(oid: number, nth: number, info: CallInfo) {
    const catalog = catalogOf(info);
    const found = catalog.function(oid);
    const all = found === null ? [] : argumentsOf(found);
    const argument = all[nth - 1];
    if (found === null || argument === undefined || argument.mode === 'o' || argument.mode === 't') return null;
    const inputAt = all.slice(0, nth - 1).filter(({ mode }) => mode !== 'o' && mode !== 't').length;
    return defaultTexts(catalog, found)[inputAt - (found.argTypes.length - found.argDefaultCount)] ?? null;
  },
});

const argumentLevel: Namespace = { rangeTable: [], names: [], columns: [], ctes: [] };

/** RETURN expression, or BEGIN ATOMIC ... END; null for functions whose body is a string. */
function sqlBody(catalog: Catalog, found: FunctionDescriptor): string | null {
  if (found.sqlBody === null) return null;
  const queries = queryListFromJson(found.sqlBody);
  const argumentNames = argumentsOf(found)
    .filter(({ mode }) => mode !== 'o' && mode !== 't')
    .map(({ name }) => name);
  const isReturn = catalog.tables.findOne('pg_proc', { oid: found.oid })?.row.prosrc === 'RETURN';
  const text = (query: (typeof queries)[number]): string => {
    // The arguments are a level of their own around the query: columns get their relation's name.
    const context = deparseContext(catalog, [argumentLevel], {
      pretty: false,
      varPrefix: true,
      argumentNames,
      functionName: found.name,
    });
    context.writer.isFlat = isReturn;
    context.writer.level = 1;
    deparseQuery(context, query, { columnNames: null, namesVisible: false });
    return context.writer.toString();
  };
  const [first] = queries;
  if (isReturn && first !== undefined) {
    const targetList = first.targetList.map((entry) => ({ ...entry, name: null }));
    return text({ ...first, targetList }).replace(/^\s*SELECT /, 'RETURN ');
  }
  return `BEGIN ATOMIC\n${queries.map((query) => ` ${text(query).trimStart()};\n`).join('')}END`;
}

fn('pg_get_function_sqlbody', { impl: onFunction(sqlBody) });

fn('pg_get_functiondef', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    const found = catalog.function(oid);
    const row = catalog.tables.findOne('pg_proc', { oid })?.row;
    if (found === null || row === undefined) return null;
    if (found.kind === 'a') throw pgError(SqlState.wrongObjectType, `"${found.name}" is an aggregate function`);
    return definition(catalog, found, row);
  },
});

function definition(catalog: Catalog, found: FunctionDescriptor, row: PgProcRow): string {
  const isProcedure = found.kind === 'p';
  const noun = isProcedure ? 'PROCEDURE' : 'FUNCTION';
  const name = `${quoteIdentifier(catalog.namespace(found.schema)?.name ?? '')}.${quoteIdentifier(found.name)}`;
  const language = catalog.tables.findOne('pg_language', { oid: row.prolang })?.row.lanname ?? '';
  const lines = [`CREATE OR REPLACE ${noun} ${name}(${argumentList(catalog, found, 'arguments', true)})`];
  if (!isProcedure) lines.push(` RETURNS ${resultText(catalog, found)}`);
  lines.push(` LANGUAGE ${quoteIdentifier(language)}`);
  const properties = propertyWords(catalog, row);
  if (properties.length > 0) lines.push(` ${properties.join(' ')}`);
  for (const setting of found.config) lines.push(` SET ${settingText(setting)}`);
  const body = sqlBody(catalog, found);
  if (body !== null) lines.push(body);
  else
    lines.push(
      `AS ${row.probin === null ? '' : `${quoteLiteral(row.probin)}, `}${dollarQuoted(row.prosrc, isProcedure ? 'procedure' : 'function')}`,
    );
  return `${lines.join('\n')}\n`;
}

function propertyWords(catalog: Catalog, row: PgProcRow): string[] {
  const words: string[] = [];
  if (row.prokind === 'w') words.push('WINDOW');
  if (row.provolatile === 'i') words.push('IMMUTABLE');
  if (row.provolatile === 's') words.push('STABLE');
  if (row.proparallel === 's') words.push('PARALLEL SAFE');
  if (row.proparallel === 'r') words.push('PARALLEL RESTRICTED');
  if (row.proisstrict) words.push('STRICT');
  if (row.prosecdef) words.push('SECURITY DEFINER');
  if (row.proleakproof) words.push('LEAKPROOF');
  const usualCost = row.prolang === internalLanguage || row.prolang === cLanguage ? 1 : 100;
  if (row.procost !== usualCost) words.push(`COST ${row.procost}`);
  if (row.prorows > 0 && row.prorows !== 1000) words.push(`ROWS ${row.prorows}`);
  if (row.prosupport !== 0) words.push(`SUPPORT ${catalog.names.toText('regproc', row.prosupport)}`);
  return words;
}

/** Settings whose value is a list of identifiers: each is a literal of its own. */
const listSettings = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'local_preload_libraries',
  'shared_preload_libraries',
  'unix_socket_directories',
]);

/** "name=value" of proconfig as SET's arguments. */
function settingText(setting: string): string {
  const at = setting.indexOf('=');
  const name = setting.slice(0, at);
  const value = setting.slice(at + 1);
  if (!listSettings.has(name.toLowerCase())) return `${quoteIdentifier(name)} TO ${quoteLiteral(value)}`;
  const items = value.split(',').map((item) =>
    quoteLiteral(
      item
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .replaceAll('""', '"'),
    ),
  );
  return `${quoteIdentifier(name)} TO ${items.join(', ')}`;
}

function dollarQuoted(text: string, tag: string): string {
  let delimiter = `$${tag}`;
  while (text.includes(delimiter)) delimiter += 'x';
  return `${delimiter}$${text}${delimiter}$`;
}
