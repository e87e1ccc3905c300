// CREATE COLLATION and ALTER COLLATION ... REFRESH VERSION: rows of pg_collation for ICU, libc and builtin locales.
import type { AlterCollationStmt, DefElem, DefineStmt } from '@pgsql/types';
import type { PgCollationRow } from '../catalog/generated/rows.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { requireCollation } from './column-type.js';
import { recordDependency, recordOwner, schemaAddress } from './depend.js';
import { objectTarget } from './namespace.js';
import { requireOwner } from './permissions.js';
import { conflictingOptions, defBoolean, defElems, defString, locationOf, nodeAs, stringList } from './tree.js';

const known = ['from', 'locale', 'lc_collate', 'lc_ctype', 'provider', 'deterministic', 'rules', 'version'];
const utf8Encoding = 6;

type CollationValues = Pick<
  PgCollationRow,
  | 'collprovider'
  | 'collisdeterministic'
  | 'collencoding'
  | 'collcollate'
  | 'collctype'
  | 'colllocale'
  | 'collicurules'
  | 'collversion'
>;

/** CREATE COLLATION. */
export async function createCollation(statement: DefineStmt, context: CommandContext): Promise<void> {
  const { tables } = context.catalog;
  const { namespace, name } = await objectTarget(context, stringList(statement.defnames));
  const given = collect(defElems(statement.definition));
  const values = given.has('from') ? copied(context, given) : defined(given);
  const taken = tables
    .find('pg_collation', { collname: name, collnamespace: namespace.oid })
    .some(
      ({ row }) => row.collencoding === values.collencoding || row.collencoding === -1 || values.collencoding === -1,
    );
  if (taken) {
    const message =
      values.collencoding === -1
        ? `collation "${name}" already exists`
        : `collation "${name}" for encoding "UTF8" already exists`;
    if (!statement.if_not_exists) throw pgError(SqlState.duplicateObject, message);
    context.notice({ severity: 'NOTICE', code: SqlState.duplicateObject, message: `${message}, skipping`, fields: {} });
    return;
  }
  const oid = tables.newOid('pg_collation');
  await tables.insert(context.transaction, 'pg_collation', {
    ...values,
    oid,
    collname: name,
    collnamespace: namespace.oid,
    collowner: context.userId,
  });
  await recordDependency(context, objectAddress(ClassOid.collation, oid), schemaAddress(namespace.oid), 'n');
  await recordOwner(context, ClassOid.collation, oid, context.userId);
}

type Given = ReadonlyMap<string, DefElem>;

function collect(options: readonly DefElem[]): Given {
  const given = new Map<string, DefElem>();
  for (const def of options) {
    const name = def.defname ?? '';
    if (!known.includes(name))
      throw pgError(SqlState.syntaxError, `collation attribute "${name}" not recognized`, locationOf(def));
    if (given.has(name)) conflictingOptions(def);
    given.set(name, def);
  }
  if (given.has('from') && given.size > 1)
    throw pgError(SqlState.syntaxError, 'conflicting or redundant options', {
      detail: 'FROM cannot be specified together with any other options.',
    });
  if (given.has('locale') && (given.has('lc_collate') || given.has('lc_ctype'))) {
    throw pgError(SqlState.syntaxError, 'conflicting or redundant options', {
      detail: 'LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.',
    });
  }
  return given;
}

function copied(context: CommandContext, given: Given): CollationValues {
  const arg = given.get('from')?.arg;
  const names = nodeAs(arg, 'TypeName')?.names ?? arg;
  const oid = requireCollation(context, stringList(names));
  const row = context.catalog.tables.findOne('pg_collation', { oid })?.row;
  if (row === undefined) throw new Error('invariant broken: collation without a row');
  if (row.collprovider === 'd') throw pgError(SqlState.invalidObjectDefinition, 'collation "default" cannot be copied');
  return row.collprovider === 'i' ? { ...row, collencoding: -1 } : row;
}

function defined(given: Given): CollationValues {
  const text = (name: string): string | null => {
    const def = given.get(name);
    return def === undefined ? null : defString(def);
  };
  const provider = providerLetter(text('provider'));
  const deterministic = !given.has('deterministic') || defBoolean(given.get('deterministic') as DefElem);
  const locale = text('locale');
  const invalid = (message: string): Error => pgError(SqlState.invalidObjectDefinition, message);
  if (provider === 'c') {
    const collate = text('lc_collate') ?? locale;
    const ctype = text('lc_ctype') ?? locale;
    if (collate === null) throw invalid('parameter "lc_collate" must be specified');
    if (ctype === null) throw invalid('parameter "lc_ctype" must be specified');
    if (!deterministic)
      throw pgError(SqlState.featureNotSupported, 'nondeterministic collations not supported with this provider');
    if (text('rules') !== null) throw invalid('ICU rules cannot be specified unless locale provider is ICU');
    const isPlain = /^(C|POSIX)$/i.test(collate);
    return row({
      provider,
      deterministic,
      encoding: isPlain ? -1 : utf8Encoding,
      collate,
      ctype,
      version: text('version'),
    });
  }
  if (locale === null) throw invalid('parameter "locale" must be specified');
  if (provider === 'b') {
    if (!['C', 'C.UTF-8', 'C.UTF8'].includes(locale))
      throw pgError(SqlState.wrongObjectType, `invalid locale name "${locale}" for builtin provider`);
    if (!deterministic)
      throw pgError(SqlState.featureNotSupported, 'nondeterministic collations not supported with this provider');
    return row({
      provider,
      deterministic,
      encoding: locale === 'C' ? -1 : utf8Encoding,
      locale: locale === 'C' ? 'C' : 'C.UTF-8',
      version: text('version') ?? '1',
    });
  }
  return row({
    provider,
    deterministic,
    encoding: -1,
    locale,
    rules: text('rules'),
    version: text('version') ?? icuVersion,
  });
}

/** ICU's collator version for collversion, as PostgreSQL 17 built with ICU 72 reports it for the root locale. */
const icuVersion = '153.120';

function providerLetter(text: string | null): string {
  const letters: Readonly<Record<string, string>> = { builtin: 'b', icu: 'i', libc: 'c' };
  const letter = letters[(text ?? 'libc').toLowerCase()];
  if (letter === undefined) throw pgError(SqlState.invalidObjectDefinition, `unrecognized collation provider: ${text}`);
  return letter;
}

function row(values: {
  readonly provider: string;
  readonly deterministic: boolean;
  readonly encoding: number;
  readonly collate?: string;
  readonly ctype?: string;
  readonly locale?: string;
  readonly rules?: string | null;
  readonly version?: string | null;
}): CollationValues {
  return {
    collprovider: values.provider,
    collisdeterministic: values.deterministic,
    collencoding: values.encoding,
    collcollate: values.collate ?? null,
    collctype: values.ctype ?? null,
    colllocale: values.locale ?? null,
    collicurules: values.rules ?? null,
    collversion: values.version ?? null,
  };
}

/** ALTER COLLATION ... REFRESH VERSION. */
export async function alterCollationStatement(
  statement: AlterCollationStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const oid = requireCollation(context, stringList(statement.collname));
  const row = context.catalog.tables.findOne('pg_collation', { oid })?.row;
  requireOwner(context, row?.collowner ?? 0, 'collation', row?.collname ?? '');
  context.notice({
    severity: 'NOTICE',
    code: SqlState.successfulCompletion,
    message: 'version has not changed',
    fields: {},
  });
  return { kind: 'done', tag: 'ALTER COLLATION' };
}
