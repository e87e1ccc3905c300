// The one table of settings: PostgreSQL's facts, what differs here, what our own words say of each. A setting is added by
// a row in `additional`; everything else finds it here by name.
import { shortDescriptions } from './descriptions.js';
import { postgresqlVersion, postgresqlVersionNumber, settingFacts } from './generated/settings.js';
import type { SettingFacts } from './generated/settings.js';

export type SettingType = 'bool' | 'integer' | 'real' | 'string' | 'enum';

/** Who may change it and when (manual, section 53.24, pg_settings.context). */
export type SettingContext =
  | 'internal'
  | 'postmaster'
  | 'sighup'
  | 'superuser-backend'
  | 'backend'
  | 'superuser'
  | 'user';

export interface SettingDefinition {
  readonly name: string;
  readonly type: SettingType;
  readonly context: SettingContext;
  readonly unit: string | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly enumValues: readonly string[] | null;
  /** Built-in value, in pg_settings' form. */
  readonly bootValue: string | null;
  readonly category: string;
  /** NO_SHOW_ALL, NO_RESET, NO_RESET_ALL, EXPLAIN, RUNTIME_COMPUTED. */
  readonly flags: readonly string[];
  /** What it does, in a sentence. */
  readonly shortDescription: string;
  /** False: accepted and shown, but nothing here depends on it. */
  readonly isEffective: boolean;
  /** Sent to the client as ParameterStatus when it changes. */
  readonly isReported: boolean;
  /** SET takes a list; `quoted` ones are lists of names. */
  readonly list: 'no' | 'plain' | 'quoted';
}

/** The definition under a name, however it is capitalised; undefined where there is none. */
export function settingDefinition(name: string): SettingDefinition | undefined {
  return byName.get(name) ?? byName.get(aliases[name.toLowerCase()] ?? name.toLowerCase());
}

/** All definitions, by lower-case name. */
export function settingDefinitions(): readonly SettingDefinition[] {
  return definitions;
}

/** Shown as server_version; clients read the number before the space. */
export const serverVersion = `${postgresqlVersion} (HeliosDB)`;

const aliases: Readonly<Record<string, string>> = {
  sort_mem: 'work_mem',
  vacuum_mem: 'maintenance_work_mem',
};

const reported = new Set([
  'application_name',
  'client_encoding',
  'DateStyle',
  'default_transaction_read_only',
  'in_hot_standby',
  'integer_datetimes',
  'IntervalStyle',
  'is_superuser',
  'scram_iterations',
  'server_encoding',
  'server_version',
  'session_authorization',
  'standard_conforming_strings',
  'TimeZone',
]);

const plainLists = new Set([
  'createrole_self_grant',
  'DateStyle',
  'debug_io_direct',
  'listen_addresses',
  'log_destination',
  'restrict_nonsystem_relation_kind',
  'synchronized_standby_slots',
  'synchronous_standby_names',
  'wal_consistency_checking',
]);

const quotedLists = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

/** What is otherwise here than in PostgreSQL's built-in values: what initdb writes into postgresql.conf there, what a
 *  running server computes, and what we are. */
const bootValues: Readonly<Record<string, string>> = {
  server_version: serverVersion,
  server_version_num: String(postgresqlVersionNumber),
  client_encoding: 'UTF8',
  server_encoding: 'UTF8',
  default_text_search_config: 'pg_catalog.english',
  lc_messages: 'C.UTF-8',
  lc_monetary: 'C.UTF-8',
  lc_numeric: 'C.UTF-8',
  lc_time: 'C.UTF-8',
  dynamic_shared_memory_type: 'posix',
  huge_pages_status: 'off',
  max_stack_depth: '2048',
  max_prepared_transactions: '0',
  timezone_abbreviations: 'Default',
  unix_socket_permissions: '0777',
  log_file_mode: '0600',
  data_directory_mode: '0700',
  archive_command: '(disabled)',
  ssl_library: 'OpenSSL',
};

type Addition = Pick<SettingDefinition, 'name' | 'type' | 'context' | 'bootValue' | 'category' | 'flags'> & {
  readonly min?: number;
  readonly max?: number;
  readonly unit?: string;
  readonly enumValues?: readonly string[];
};

/** Settings that pg_settings doesn't list, and our own (helios.*). */
const additional: readonly Addition[] = [
  {
    name: 'heliosdb.native_pipelines',
    type: 'enum',
    context: 'user',
    bootValue: 'on',
    enumValues: ['off', 'on', 'force'],
    category: 'HeliosDB',
    flags: ['EXPLAIN'],
  },
  {
    name: 'heliosdb.statement_memory',
    type: 'integer',
    context: 'superuser',
    bootValue: '0',
    category: 'HeliosDB',
    flags: [],
    min: 0,
    max: 2147483647,
    unit: 'kB',
  },
  {
    name: 'heliosdb.worker_memory',
    type: 'integer',
    context: 'postmaster',
    bootValue: '0',
    category: 'HeliosDB',
    flags: [],
    min: 0,
    max: 2147483647,
    unit: 'MB',
  },
  {
    name: 'heliosdb.workers',
    type: 'integer',
    context: 'postmaster',
    bootValue: '0',
    category: 'HeliosDB',
    flags: [],
    min: 0,
    max: 1024,
  },
  {
    name: 'heliosdb.warm_up',
    type: 'bool',
    context: 'postmaster',
    bootValue: 'on',
    category: 'HeliosDB',
    flags: [],
  },
  {
    name: 'is_superuser',
    type: 'bool',
    context: 'internal',
    bootValue: 'off',
    category: 'Reporting and Logging',
    flags: ['NO_SHOW_ALL', 'NO_RESET', 'NO_RESET_ALL'],
  },
  {
    name: 'plpgsql.check_asserts',
    type: 'bool',
    context: 'user',
    bootValue: 'on',
    category: 'Customized Options',
    flags: [],
  },
  {
    name: 'plpgsql.extra_errors',
    type: 'string',
    context: 'user',
    bootValue: 'none',
    category: 'Customized Options',
    flags: [],
  },
  {
    name: 'plpgsql.extra_warnings',
    type: 'string',
    context: 'user',
    bootValue: 'none',
    category: 'Customized Options',
    flags: [],
  },
  {
    name: 'plpgsql.print_strict_params',
    type: 'bool',
    context: 'user',
    bootValue: 'off',
    category: 'Customized Options',
    flags: [],
  },
  {
    name: 'plpgsql.variable_conflict',
    type: 'enum',
    context: 'superuser',
    bootValue: 'error',
    enumValues: ['error', 'use_variable', 'use_column'],
    category: 'Customized Options',
    flags: [],
  },
  {
    name: 'role',
    type: 'string',
    context: 'user',
    bootValue: 'none',
    category: 'Ungrouped',
    flags: ['NO_SHOW_ALL', 'NO_RESET_ALL'],
  },
  {
    name: 'session_authorization',
    type: 'string',
    context: 'user',
    bootValue: null,
    category: 'Ungrouped',
    flags: ['NO_SHOW_ALL', 'NO_RESET_ALL'],
  },
  {
    name: 'seed',
    type: 'real',
    context: 'user',
    bootValue: '0',
    category: 'Ungrouped',
    flags: ['NO_SHOW_ALL', 'NO_RESET', 'NO_RESET_ALL'],
    min: -1,
    max: 1,
  },
  {
    name: 'ssl_renegotiation_limit',
    type: 'integer',
    context: 'user',
    bootValue: '0',
    category: 'Connections and Authentication / SSL',
    flags: ['NO_SHOW_ALL'],
    min: 0,
    max: 0,
  },
  {
    name: 'default_with_oids',
    type: 'bool',
    context: 'user',
    bootValue: 'off',
    category: 'Version and Platform Compatibility / Previous PostgreSQL Versions',
    flags: ['NO_SHOW_ALL'],
  },
];

const inert = 'Accepted for compatibility; it has no effect in HeliosDB.';

const definitions: readonly SettingDefinition[] = [
  ...settingFacts.map(fromFacts),
  ...additional.map(fromAddition),
].sort((left, right) => (left.name.toLowerCase() < right.name.toLowerCase() ? -1 : 1));

const byName: ReadonlyMap<string, SettingDefinition> = new Map(
  definitions.flatMap((definition) => [
    [definition.name, definition],
    [definition.name.toLowerCase(), definition],
  ]),
);

function fromFacts(facts: SettingFacts): SettingDefinition {
  const [name, type, context, unit, min, max, enumValues, boot, category, flags] = facts;
  const limits = { min: min === null ? null : Number(min), max: max === null ? null : Number(max) };
  const bootValue = bootValues[name] ?? boot;
  return {
    name,
    type,
    context: context as SettingContext,
    unit,
    ...limits,
    enumValues,
    bootValue,
    category,
    flags,
    ...ownFacts(name),
  };
}

function fromAddition(addition: Addition): SettingDefinition {
  return {
    ...addition,
    unit: addition.unit ?? null,
    enumValues: addition.enumValues ?? null,
    min: addition.min ?? null,
    max: addition.max ?? null,
    ...ownFacts(addition.name),
  };
}

function ownFacts(name: string): Pick<SettingDefinition, 'shortDescription' | 'isEffective' | 'isReported' | 'list'> {
  const shortDescription = shortDescriptions[name];
  return {
    shortDescription: shortDescription ?? inert,
    isEffective: shortDescription !== undefined,
    isReported: reported.has(name),
    list: quotedLists.has(name) ? 'quoted' : plainLists.has(name) ? 'plain' : 'no',
  };
}
