// The server's own values of all settings: built-in ones, heliosdb.toml, heliosdb.auto.toml, the command line. Every
// worker holds one; sessions lay their changes over it, so a reload reaches every session that didn't set its own.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { SettingSource } from './api.js';
import { checkString, runtimeChecks } from './checks.js';
import { settingDefinition, settingDefinitions } from './definitions.js';
import type { SettingDefinition } from './definitions.js';
import { parseSetting, stringValue } from './parse-value.js';
import type { SettingValue } from './parse-value.js';

/** One value that was set for the whole server; plain data, so that it can be sent to workers. */
export interface ConfiguredSetting {
  readonly name: string;
  readonly text: string;
  readonly source: Extract<SettingSource, 'configuration file' | 'command line' | 'override'>;
  readonly file: string | null;
  readonly line: number | null;
}

export interface BaseValue {
  readonly value: SettingValue;
  readonly source: SettingSource;
  readonly file: string | null;
  readonly line: number | null;
}

export class BaseSettings {
  private values = new Map<string, BaseValue>();
  private readonly pendingRestart = new Set<string>();
  /** Grows with every reload. */
  generation = 0;

  /** Throws 22023 and others on a bad value; the caller knows file and line. */
  constructor(configured: readonly ConfiguredSetting[]) {
    this.values = resolve(configured);
  }

  /** Takes new values: those that need a restart keep the old one and are marked. */
  reload(configured: readonly ConfiguredSetting[]): void {
    const next = resolve(configured);
    this.pendingRestart.clear();
    for (const definition of settingDefinitions()) {
      if (definition.context !== 'postmaster') continue;
      const before = this.values.get(definition.name);
      if (before?.value.setting !== next.get(definition.name)?.value.setting) {
        this.pendingRestart.add(definition.name);
        if (before) next.set(definition.name, before);
        else next.delete(definition.name);
      }
    }
    this.values = next;
    this.generation++;
  }

  get(name: string): BaseValue | null {
    return this.values.get(name) ?? null;
  }

  /** Parsed values, for the server's own use. */
  text(name: string): string {
    return this.get(name)?.value.setting ?? '';
  }
  int(name: string): number {
    return Number(this.get(name)?.value.parsed ?? 0);
  }
  bool(name: string): boolean {
    return this.get(name)?.value.parsed === true;
  }

  isPendingRestart(name: string): boolean {
    return this.pendingRestart.has(name);
  }

  /** Names of custom settings (`prefix.name`) set for the server. */
  *customNames(): IterableIterator<string> {
    for (const name of this.values.keys()) if (settingDefinition(name) === undefined) yield name;
  }
}

/** Parses one value of a defined setting, its own rules included. */
export function parseConfigured(definition: SettingDefinition, text: string): SettingValue {
  if (definition.type !== 'string') return parseSetting(definition, text);
  const current = definition.bootValue ?? '';
  return stringValue(checkString(definition.name, text, current, runtimeChecks) ?? text);
}

/** True for the name of a custom setting: identifiers separated by dots. */
export function isCustomName(name: string): boolean {
  return /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*(?:\.[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)+$/.test(name);
}

/** 42704 `unrecognized configuration parameter "x"`. */
export function unrecognized(name: string): Error {
  return pgError(SqlState.undefinedObject, `unrecognized configuration parameter "${name}"`);
}

function resolve(configured: readonly ConfiguredSetting[]): Map<string, BaseValue> {
  const values = new Map<string, BaseValue>();
  for (const definition of settingDefinitions()) {
    const text = bootText(definition);
    if (text === null) continue;
    const value = parseBoot(definition, text);
    values.set(definition.name, { value, source: 'default', file: null, line: null });
  }
  for (const { name, text, source, file, line } of configured) {
    const definition = settingDefinition(name);
    if (definition === undefined && !isCustomName(name)) throw unrecognized(name);
    const value = definition === undefined ? stringValue(text) : parseConfigured(definition, text);
    values.set(definition?.name ?? name, { value, source, file, line });
  }
  return values;
}

/** Built-in values may lie outside their own range (archive_command's "(disabled)", computed ones). */
function parseBoot(definition: SettingDefinition, text: string): SettingValue {
  return definition.type === 'string' ? stringValue(text) : parseSetting({ ...definition, min: null, max: null }, text);
}

function bootText(definition: SettingDefinition): string | null {
  if (definition.name === 'TimeZone' || definition.name === 'log_timezone') {
    return new Intl.DateTimeFormat('en').resolvedOptions().timeZone ?? definition.bootValue;
  }
  return definition.bootValue;
}
