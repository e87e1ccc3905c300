// The server and the session as functions see them: version, settings, prepared statements, cursors, key words,
// extensions, encodings (manual, sections 9.26.1 and 52).
import { characterBytesMax, encodingName, encodingNames, encodingOfNumber } from '../../base/encoding-names.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import { keywords } from '../../types/keywords.js';
import { PgArray } from '../../types/value.js';
import { catalogService } from '../service.js';
import { serverInfo } from '../server-info.js';
import { sessionIdentity } from '../session-identity.js';
import { catalogOf, outRecord, parseHostAddress, textArray } from './call.js';
import { typeOid } from '../oids.js';

const info = (call: CallInfo) => call.session.service(serverInfo);

fn('pgsql_version', { impl: (call: CallInfo) => info(call).version });
fn('current_database', { impl: (call: CallInfo) => catalogOf(call).databaseName });
fn('current_query', { impl: (call: CallInfo) => info(call).currentQuery() });
fn('pg_backend_pid', { impl: (call: CallInfo) => info(call).processId });
fn('pg_postmaster_start_time', { impl: (call: CallInfo) => info(call).startTimestamp });
fn('pg_conf_load_time', { impl: (call: CallInfo) => info(call).configurationLoadTimestamp });
fn('pg_client_encoding', { impl: (call: CallInfo) => call.session.setting('client_encoding') ?? 'UTF8' });
for (const side of ['client', 'server'] as const) {
  const endpoint = (call: CallInfo) => (side === 'client' ? info(call).clientAddress : info(call).serverAddress);
  fn(`inet_${side}_addr`, { impl: (call: CallInfo) => parseHostAddress(endpoint(call)?.address ?? '') });
  fn(`inet_${side}_port`, { impl: (call: CallInfo) => endpoint(call)?.port ?? null });
}
fn('system_user', { impl: (call: CallInfo) => info(call).systemUser });
fn('pg_is_in_recovery', { impl: () => false });
fn('pg_jit_available', { impl: () => false });
for (const [symbol, key] of [
  ['current_user', 'userId'],
  ['session_user', 'sessionUserId'],
] as const) {
  fn(symbol, {
    impl: (call: CallInfo) => catalogOf(call).roles.roleName(call.session.service(sessionIdentity)[key]) ?? '',
  });
}

tableFn('show_all_settings', {
  *rows(call: CallInfo) {
    for (const row of info(call).settings())
      yield [
        row.name,
        row.setting,
        row.unit,
        row.category,
        row.shortDescription,
        row.extraDescription,
        row.context,
        row.vartype,
        row.source,
        row.minValue,
        row.maxValue,
        row.enumValues === null ? null : textArray(row.enumValues),
        row.bootValue,
        row.resetValue,
        row.sourceFile,
        row.sourceLine,
        row.pendingRestart,
      ];
  },
});
fn('pg_settings_get_flags', {
  impl(name: string, call: CallInfo) {
    const flags = info(call).settingFlags(name);
    return flags === null ? null : textArray(flags);
  },
});

tableFn('pg_prepared_statement', {
  *rows(call: CallInfo) {
    for (const row of info(call).preparedStatements())
      yield [
        row.name,
        row.statement,
        row.prepareTime,
        PgArray.of(typeOid.regtype, row.parameterTypes),
        row.resultTypes === null ? null : PgArray.of(typeOid.regtype, row.resultTypes),
        row.fromSql,
        row.genericPlans,
        row.customPlans,
      ];
  },
});

tableFn('pg_cursor', {
  *rows(call: CallInfo) {
    for (const row of info(call).cursors())
      yield [row.name, row.statement, row.isHoldable, row.isBinary, row.isScrollable, row.creationTime];
  },
});

tableFn('pg_hba_file_rules', {
  *rows(call: CallInfo) {
    const list = (values: readonly string[] | null) => (values === null ? null : textArray(values));
    for (const row of info(call).hbaRules())
      yield [
        row.ruleNumber,
        row.fileName,
        row.lineNumber,
        row.type,
        list(row.database),
        list(row.userName),
        row.address,
        row.netmask,
        row.authMethod,
        list(row.options),
        row.error,
      ];
  },
});

const keywordCategories = {
  U: 'unreserved',
  C: 'unreserved (cannot be function or type name)',
  T: 'reserved (can be function or type name)',
  R: 'reserved',
} as const;
tableFn('pg_get_keywords', {
  *rows() {
    for (const [word, category, bareLabel] of keywords)
      yield [word, category, bareLabel, keywordCategories[category], bareLabel ? 'can be bare label' : 'requires AS'];
  },
});

/** Extensions that CREATE EXTENSION knows (commands/extension-script.ts): plpgsql comes installed. */
const extensions = [
  {
    name: 'plpgsql',
    version: '1.0',
    comment: 'PL/pgSQL procedural language',
    isTrusted: true,
    isRelocatable: false,
    schema: 'pg_catalog',
  },
  {
    name: 'amcheck',
    version: '1.4',
    comment: 'functions for verifying relation integrity',
    isTrusted: false,
    isRelocatable: true,
    schema: null,
  },
] as const;
tableFn('pg_available_extensions', {
  *rows() {
    for (const { name, version, comment } of extensions) yield [name, version, comment];
  },
});
tableFn('pg_available_extension_versions', {
  *rows() {
    for (const { name, version, comment, isTrusted, isRelocatable, schema } of extensions)
      yield [name, version, true, isTrusted, isRelocatable, schema, null, comment];
  },
});
tableFn('pg_extension_update_paths', { rows: () => [] });

tableFn('pg_config', { rows: (call: CallInfo) => [['VERSION', info(call).version.split(' ').slice(0, 2).join(' ')]] });

/** Numbers of pg_control_system and pg_control_init that tools check for compatibility. */
fn('pg_control_system', {
  impl: (call: CallInfo) =>
    outRecord(
      ['pg_control_version', typeOid.int4, 1700],
      ['catalog_version_no', typeOid.int4, 202406281],
      ['system_identifier', typeOid.int8, info(call).startTimestamp],
      ['pg_control_last_modified', typeOid.timestamptz, info(call).startTimestamp],
    ),
});

fn('PG_encoding_to_char', { impl: (encoding: number) => encodingOfNumber(encoding) ?? '' });
fn('PG_char_to_encoding', {
  impl(spelling: string) {
    const name = encodingName(spelling);
    return encodingNames.findIndex((known) => known === name);
  },
});
fn('pg_encoding_max_length_sql', {
  impl(encoding: number) {
    const name = encodingOfNumber(encoding);
    return name === null ? null : characterBytesMax(name);
  },
});
fn('getdatabaseencoding', { impl: () => 'UTF8' });

fn('pg_collation_actual_version', {
  impl(oid: number, call: CallInfo) {
    const found = call.session.service(catalogService).tables.findOne('pg_collation', { oid })?.row;
    if (found === undefined) throw pgError(SqlState.undefinedObject, `collation with OID ${oid} does not exist`);
    return found.collversion;
  },
});
fn('pg_database_collation_actual_version', {
  impl(oid: number, call: CallInfo) {
    const found = catalogOf(call).tables.findOne('pg_database', { oid })?.row;
    if (found === undefined) throw pgError(SqlState.undefinedObject, `database with OID ${oid} does not exist`);
    return found.datcollversion;
  },
});
fn('pg_import_system_collations', { impl: () => 0 });
