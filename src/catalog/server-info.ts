// What the system views show of the session and the server that the catalogs don't hold. Declared here, filled by the
// session under this key.
import { serviceKey } from '../functions/call-info.js';

export interface ServerInfo {
  /** What version() answers. */
  readonly version: string;
  /** Microseconds since 2000-01-01 UTC. */
  readonly startTimestamp: bigint;
  readonly configurationLoadTimestamp: bigint;
  /** Text of the client's current query string. */
  currentQuery(): string;
  readonly clientAddress: { readonly address: string; readonly port: number } | null;
  readonly serverAddress: { readonly address: string; readonly port: number } | null;
  readonly processId: number;
  /** How the client proved who it is: method:name; null where it did not have to. */
  readonly systemUser: string | null;
  settings(): readonly SettingRow[];
  /** Flags of a setting (EXPLAIN, NO_SHOW_ALL, ...), null where there is none of that name. */
  settingFlags(name: string): readonly string[] | null;
  preparedStatements(): readonly PreparedStatementRow[];
  cursors(): readonly CursorRow[];
  hbaRules(): readonly HbaRuleRow[];
}
export const serverInfo = serviceKey<ServerInfo>('serverInfo');

/** A row of pg_settings. */
export interface SettingRow {
  readonly name: string;
  readonly setting: string;
  readonly unit: string | null;
  readonly category: string;
  readonly shortDescription: string;
  readonly extraDescription: string | null;
  readonly context: string;
  readonly vartype: string;
  readonly source: string;
  readonly minValue: string | null;
  readonly maxValue: string | null;
  readonly enumValues: readonly string[] | null;
  readonly bootValue: string | null;
  readonly resetValue: string | null;
  readonly sourceFile: string | null;
  readonly sourceLine: number | null;
  readonly pendingRestart: boolean;
}

/** A row of pg_prepared_statements. */
export interface PreparedStatementRow {
  readonly name: string;
  readonly statement: string;
  readonly prepareTime: bigint;
  readonly parameterTypes: readonly number[];
  /** null for statements that return nothing. */
  readonly resultTypes: readonly number[] | null;
  readonly fromSql: boolean;
  readonly genericPlans: bigint;
  readonly customPlans: bigint;
}

/** A row of pg_cursors. */
export interface CursorRow {
  readonly name: string;
  readonly statement: string;
  readonly isHoldable: boolean;
  readonly isBinary: boolean;
  readonly isScrollable: boolean;
  readonly creationTime: bigint;
}

/** A row of pg_hba_file_rules. */
export interface HbaRuleRow {
  readonly ruleNumber: number | null;
  readonly fileName: string;
  readonly lineNumber: number;
  readonly type: string | null;
  readonly database: readonly string[] | null;
  readonly userName: readonly string[] | null;
  readonly address: string | null;
  readonly netmask: string | null;
  readonly authMethod: string | null;
  readonly options: readonly string[] | null;
  readonly error: string | null;
}
