// A session's settings (GUCs) as the other rooms see them; `session-settings.ts` implements it over the settings table.
// Values are kept in PostgreSQL's canonical text form (SHOW's output, units included) and in a parsed form.

export type SettingSource =
  | 'default'
  | 'configuration file'
  | 'command line'
  | 'global'
  | 'database'
  | 'user'
  | 'database user'
  | 'client'
  | 'override'
  | 'session';

export interface SessionSettings {
  /** SHOW's text form; throws 42704 `unrecognized configuration parameter "x"`. */
  show(name: string): string;
  /** As `show`, null where there is no such setting (custom dotted names that nobody set included). */
  find(name: string): string | null;
  /** Parsed forms. Numbers are in the setting's base unit (kB, ms, ...). */
  bool(name: string): boolean;
  int(name: string): number;
  float(name: string): number;
  /** The raw string form (enum and string settings). */
  text(name: string): string;

  /** SET / SET LOCAL / start-up settings. `value` null resets to the default. Checks context (55P02, 42501) and value
   *  (22023). `isSuperuser` decides what superuser settings allow. */
  set(
    name: string,
    value: string | null,
    options: { readonly local: boolean; readonly source: SettingSource; readonly isSuperuser: boolean },
  ): void;
  resetAll(options: { readonly isSuperuser: boolean }): void;

  /** Transaction nesting: SET LOCAL ends, and everything set in a rolled back (sub)transaction returns. */
  begin(): void;
  /** Nothing was set since the open transaction began. */
  readonly isUnchanged: boolean;
  savepoint(): void;
  releaseSavepoint(): void;
  rollbackToSavepoint(): void;
  commit(): void;
  rollback(): void;

  /** Settings with GUC_REPORT that changed since the last call, for ParameterStatus: name and value. All at first. */
  takeReports(): readonly (readonly [name: string, value: string])[];
  /** A computed setting (role, is_superuser, session_authorization, ...) changed: it is reported anew. */
  noteComputed(name: string): void;
  /** For SHOW ALL and pg_settings: all settings that exist, by name. */
  list(): readonly SettingInfo[];
  /** The session's own values of all settings that analysis and planning may depend on, as one text: equal texts (over
   *  one server configuration) mean equal plans. */
  planSignature(): string;
  /** Grows with every change: parsed forms derived elsewhere (IoContext) compare it. */
  readonly generation: number;
}

export interface SettingInfo {
  readonly name: string;
  /** pg_settings.setting: numbers in the setting's unit. */
  readonly setting: string;
  /** SHOW's form. */
  readonly shown: string;
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
  /** GUC_NO_SHOW_ALL. */
  readonly hiddenFromShowAll: boolean;
  /** pg_settings_get_flags: EXPLAIN, NO_SHOW_ALL, NO_RESET, NO_RESET_ALL, RUNTIME_COMPUTED. */
  readonly flags: readonly string[];
}
