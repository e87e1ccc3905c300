// One session's settings: its own values over the server's, with what RESET returns to, contexts and permissions,
// nesting, and the list of values to report to the client.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { SessionSettings, SettingInfo, SettingSource } from './api.js';
import { isCustomName, unrecognized } from './base-settings.js';
import type { BaseSettings } from './base-settings.js';
import { checkString } from './checks.js';
import type { SettingChecks } from './checks.js';
import { settingDefinition, settingDefinitions } from './definitions.js';
import type { SettingDefinition } from './definitions.js';
import { parseSetting, stringValue } from './parse-value.js';
import type { SettingValue } from './parse-value.js';
import { SettingStack } from './setting-stack.js';

/** What the session computes itself: transaction_isolation, is_superuser, session_authorization, role, in_hot_standby. */
export type ComputedSettings = ReadonlyMap<string, () => string>;

interface OwnValue {
  readonly value: SettingValue;
  readonly source: SettingSource;
}

type SetOptions = Parameters<SessionSettings['set']>[2];

/** Sources whose values become what RESET returns to, weakest first. */
const defaultSources: readonly SettingSource[] = ['global', 'database', 'user', 'database user', 'client', 'override'];

/** Makes a session's settings over the server's. */
export function createSessionSettings(
  base: BaseSettings,
  checks: SettingChecks,
  computed: ComputedSettings = new Map(),
): SessionSettings {
  return new Settings(base, checks, computed);
}

class Settings implements SessionSettings {
  private readonly own = new Map<string, OwnValue>();
  /** What RESET returns to where that isn't the server's value. */
  private readonly defaults = new Map<string, OwnValue>();
  private readonly stack = new SettingStack<OwnValue>((name, value) => this.put(name, value));
  /** What the client was last told. */
  private readonly reports = new Map<string, string>();
  private readonly changedReports = new Set<string>();
  private changes = 0;
  /** Parsed values by the names they were asked for, of generation `parsedAt`. */
  private readonly parsedValues = new Map<string, boolean | number | string>();
  private parsedAt = -1;
  private hasReported = false;

  constructor(
    private readonly base: BaseSettings,
    private readonly checks: SettingChecks,
    private readonly computed: ComputedSettings,
  ) {}

  get generation(): number {
    return this.changes + this.base.generation;
  }

  planSignature(): string {
    const parts: string[] = [];
    for (const [name, { value }] of this.own) {
      // Custom settings have a dot; those of the server itself count.
      if (planNeutral.has(name) || (name.includes('.') && !name.startsWith('heliosdb.'))) continue;
      if (value.shown !== this.base.get(name)?.value.shown) parts.push(`${name}=${value.shown}`);
    }
    return `${this.base.generation}\n${parts.sort().join('\n')}`;
  }

  show(name: string): string {
    return this.find(name) ?? raise(unrecognized(name));
  }

  find(name: string): string | null {
    const definition = settingDefinition(name);
    const own = definition?.name ?? this.customName(name);
    const compute = this.computed.get(own);
    if (compute !== undefined) return compute();
    return this.current(own)?.shown ?? (definition === undefined ? null : '');
  }

  bool(name: string): boolean {
    return this.parsed(name) === true;
  }
  int(name: string): number {
    return Number(this.parsed(name));
  }
  float(name: string): number {
    return Number(this.parsed(name));
  }
  text(name: string): string {
    return this.computed.get(name)?.() ?? String(this.parsed(name));
  }

  set(name: string, value: string | null, options: SetOptions): void {
    const definition = settingDefinition(name);
    if (definition === undefined) {
      this.setCustom(name, value, options);
      return;
    }
    requireAllowed(definition, options);
    if (value === null) {
      if (definition.flags.includes('NO_RESET')) {
        throw pgError(SqlState.featureNotSupported, `parameter "${definition.name}" cannot be reset`);
      }
      this.change(definition.name, this.defaults.get(definition.name), options.local);
      return;
    }
    const parsed = this.parse(definition, value);
    this.assign(definition.name, { value: parsed, source: options.source }, options);
  }

  resetAll(options: { readonly isSuperuser: boolean }): void {
    for (const name of [...this.own.keys()]) {
      const definition = settingDefinition(name);
      if (definition?.flags.includes('NO_RESET_ALL')) continue;
      if (definition?.context === 'superuser' && !options.isSuperuser) continue;
      if (this.own.get(name) !== this.defaults.get(name)) this.change(name, this.defaults.get(name), false);
    }
  }

  begin(): void {
    this.stack.begin();
  }
  get isUnchanged(): boolean {
    return this.stack.isUnchanged;
  }
  savepoint(): void {
    this.stack.begin();
  }
  releaseSavepoint(): void {
    this.stack.commit();
  }
  rollbackToSavepoint(): void {
    this.stack.rollback();
  }
  commit(): void {
    while (this.stack.depth > 0) this.stack.commit();
  }
  rollback(): void {
    while (this.stack.depth > 0) this.stack.rollback();
  }

  takeReports(): readonly (readonly [name: string, value: string])[] {
    if (!this.hasReported) {
      this.hasReported = true;
      this.changedReports.clear();
      const reported = settingDefinitions().filter((definition) => definition.isReported);
      return reported.map(({ name }) => this.report(name));
    }
    if (this.changedReports.size === 0) return noReports;
    const names = [...this.changedReports].filter((name) => this.reports.get(name) !== this.show(name));
    this.changedReports.clear();
    return names.map((name) => this.report(name));
  }

  private report(name: string): readonly [name: string, value: string] {
    const value = this.show(name);
    this.reports.set(name, value);
    return [name, value];
  }

  /** A computed setting changed (SET ROLE, SET SESSION AUTHORIZATION): it is reported anew. */
  noteComputed(name: string): void {
    this.changes++;
    if (settingDefinition(name)?.isReported) this.changedReports.add(name);
  }

  list(): readonly SettingInfo[] {
    const defined = settingDefinitions().map((definition) => this.info(definition));
    const names = new Set([...this.own.keys(), ...this.base.customNames()]);
    const custom = [...names]
      .filter((name) => settingDefinition(name) === undefined)
      .map((name) => this.customInfo(name));
    return [...defined, ...custom].sort((left, right) => (left.name.toLowerCase() < right.name.toLowerCase() ? -1 : 1));
  }

  private parsed(name: string): boolean | number | string {
    if (this.parsedAt !== this.generation) {
      this.parsedValues.clear();
      this.parsedAt = this.generation;
    }
    let value = this.parsedValues.get(name);
    if (value === undefined) {
      value = this.lookUp(name);
      this.parsedValues.set(name, value);
    }
    return value;
  }

  private lookUp(name: string): boolean | number | string {
    const definition = settingDefinition(name);
    const value = this.current(definition?.name ?? name);
    if (value === undefined && definition === undefined) throw unrecognized(name);
    return value?.parsed ?? '';
  }

  private current(name: string): SettingValue | undefined {
    return this.own.get(name)?.value ?? this.base.get(name)?.value;
  }

  private parse(definition: SettingDefinition, text: string): SettingValue {
    if (definition.type !== 'string') return parseSetting(definition, text);
    const current = this.current(definition.name)?.setting ?? '';
    return stringValue(checkString(definition.name, text, current, this.checks) ?? text);
  }

  private assign(name: string, value: OwnValue, options: SetOptions): void {
    const rank = defaultSources.indexOf(options.source);
    if (rank < 0) {
      this.change(name, value, options.local);
      return;
    }
    const before = this.defaults.get(name);
    if (before !== undefined && defaultSources.indexOf(before.source) > rank) return;
    this.defaults.set(name, value);
    // A session that set it itself keeps its value, but RESET finds the new one.
    const own = this.own.get(name);
    if (own === undefined || own === before) this.put(name, value);
  }

  private setCustom(name: string, value: string | null, options: SetOptions): void {
    const known = this.customName(name);
    if (!isCustomName(name)) {
      if (!name.includes('.')) throw unrecognized(name);
      throw pgError(SqlState.invalidName, `invalid configuration parameter name "${name}"`, {
        detail: 'Custom parameter names must be two or more simple identifiers separated by dots.',
      });
    }
    if (value === null) {
      if (this.current(known) === undefined) throw unrecognized(name);
      // A custom setting that was seen once stays, as an empty text.
      const empty = this.defaults.get(known) ?? (this.base.get(known) === null ? emptyCustom : undefined);
      this.change(known, empty, options.local);
      return;
    }
    this.assign(known, { value: stringValue(value), source: options.source }, options);
  }

  /** Custom names are looked up without regard to case, and keep the form they were first written in. */
  private customName(name: string): string {
    if (this.own.has(name) || this.base.get(name) !== null) return name;
    const lower = name.toLowerCase();
    for (const known of this.own.keys()) if (known.toLowerCase() === lower) return known;
    return name;
  }

  private change(name: string, value: OwnValue | undefined, local: boolean): void {
    this.stack.note(name, this.own.get(name), local);
    this.put(name, value);
  }

  private put(name: string, value: OwnValue | undefined): void {
    const definition = settingDefinition(name);
    const before = this.current(name)?.shown;
    if (value === undefined && definition === undefined && this.base.get(name) === null)
      this.own.set(name, emptyCustom);
    else if (value === undefined) this.own.delete(name);
    else this.own.set(name, value);
    this.changes++;
    if (definition?.isReported && before !== this.current(name)?.shown) this.changedReports.add(name);
  }

  private info(definition: SettingDefinition): SettingInfo {
    const { name } = definition;
    const base = this.base.get(name);
    const own = this.own.get(name);
    const compute = this.computed.get(name);
    const value = this.current(name);
    return {
      name,
      setting: compute?.() ?? value?.setting ?? '',
      shown: compute?.() ?? value?.shown ?? '',
      unit: definition.unit,
      category: definition.category,
      shortDescription: definition.shortDescription,
      extraDescription: null,
      context: definition.context,
      vartype: definition.type,
      source: compute ? 'override' : (own?.source ?? base?.source ?? 'default'),
      minValue: limitText(definition.min),
      maxValue: limitText(definition.max),
      enumValues: definition.enumValues,
      bootValue: definition.bootValue,
      resetValue: (this.defaults.get(name)?.value ?? base?.value)?.setting ?? null,
      sourceFile: own === undefined ? (base?.file ?? null) : null,
      sourceLine: own === undefined ? (base?.line ?? null) : null,
      pendingRestart: this.base.isPendingRestart(name),
      hiddenFromShowAll: definition.flags.includes('NO_SHOW_ALL'),
      flags: definition.flags,
    };
  }

  private customInfo(name: string): SettingInfo {
    const base = this.base.get(name);
    const own = this.own.get(name);
    const text = this.current(name)?.shown ?? '';
    return {
      name,
      setting: text,
      shown: text,
      unit: null,
      category: 'Customized Options',
      shortDescription: '',
      extraDescription: null,
      context: 'user',
      vartype: 'string',
      source: own?.source ?? base?.source ?? 'default',
      minValue: null,
      maxValue: null,
      enumValues: null,
      bootValue: null,
      resetValue: (this.defaults.get(name)?.value ?? base?.value)?.setting ?? null,
      sourceFile: base?.file ?? null,
      sourceLine: base?.line ?? null,
      pendingRestart: false,
      hiddenFromShowAll: false,
      flags: [],
    };
  }
}

/** Settings that neither the analyzer nor the planner can see: what they govern happens around a statement. */
const planNeutral: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'client_min_messages',
  'deadlock_timeout',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'is_superuser',
  'lock_timeout',
  'log_duration',
  'log_min_duration_statement',
  'log_min_messages',
  'log_statement',
  'role',
  'session_authorization',
  'statement_timeout',
  'synchronous_commit',
  'tcp_keepalives_count',
  'tcp_keepalives_idle',
  'tcp_keepalives_interval',
  'transaction_deferrable',
  'transaction_isolation',
  'transaction_read_only',
  'transaction_timeout',
]);

const noReports: readonly (readonly [string, string])[] = [];
const emptyCustom: OwnValue = { value: stringValue(''), source: 'session' };

/** Sources that stand for the server's own hand, not a user's. */
const trustedSources = new Set<SettingSource>(['default', 'override']);
/** Sources at the start of a session, where settings fixed for its length may still be set. */
const startSources = new Set<SettingSource>(['global', 'database', 'user', 'database user', 'client']);

function requireAllowed(definition: SettingDefinition, options: SetOptions): void {
  const { name, context } = definition;
  if (trustedSources.has(options.source)) return;
  const fixed = (message: string) => pgError(SqlState.cantChangeRuntimeParam, message);
  const denied = () => pgError(SqlState.insufficientPrivilege, `permission denied to set parameter "${name}"`);
  switch (context) {
    case 'internal':
      throw fixed(`parameter "${name}" cannot be changed`);
    case 'postmaster':
      throw fixed(`parameter "${name}" cannot be changed without restarting the server`);
    case 'sighup':
      throw fixed(`parameter "${name}" cannot be changed now`);
    case 'superuser-backend':
    case 'backend':
      if (context === 'superuser-backend' && !options.isSuperuser) throw denied();
      if (!startSources.has(options.source)) throw fixed(`parameter "${name}" cannot be set after connection start`);
      return;
    case 'superuser':
      if (!options.isSuperuser) throw denied();
      return;
    case 'user':
      return;
  }
}

function limitText(limit: number | null): string | null {
  if (limit === null) return null;
  return String(limit);
}

function raise(error: Error): never {
  throw error;
}
