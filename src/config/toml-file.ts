// Settings from heliosdb.toml and heliosdb.auto.toml: name = value, custom settings under [prefix]. Every mistake is
// reported with file and line; nothing is skipped.
import { existsSync, readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { isCustomName } from './base-settings.js';
import { parseConfigured } from './base-settings.js';
import type { ConfiguredSetting } from './base-settings.js';
import { settingDefinition } from './definitions.js';
import { quoteName } from './list-syntax.js';

/** A mistake in configuration, in one sentence for the user. */
export class ConfigurationError extends Error {}

/** Reads a file's settings; an absent file has none unless `required`. Throws ConfigurationError. */
export function readTomlFile(path: string, options: { readonly required: boolean }): ConfiguredSetting[] {
  if (!existsSync(path)) {
    if (options.required) throw new ConfigurationError(`configuration file "${path}" does not exist`);
    return [];
  }
  const text = readFileSync(path, 'utf8');
  const lines = settingLines(text);
  return flatten(parseToml(path, text), '').map(({ name, value }) => {
    const line = lines.get(name) ?? null;
    const where = line === null ? path : `${path}:${line}`;
    return checked(name, value, where, { source: 'configuration file', file: path, line });
  });
}

/** Checks one `name = value` of the command line (-c). */
export function commandLineSetting(name: string, value: string): ConfiguredSetting {
  return checked(name, value, 'command line', { source: 'command line', file: null, line: null });
}

function checked(
  name: string,
  value: unknown,
  where: string,
  origin: Pick<ConfiguredSetting, 'source' | 'file' | 'line'>,
): ConfiguredSetting {
  const definition = settingDefinition(name);
  if (definition === undefined && !isCustomName(name)) {
    throw new ConfigurationError(`${where}: unrecognized configuration parameter "${name}"`);
  }
  if (definition?.context === 'internal') {
    throw new ConfigurationError(`${where}: parameter "${definition.name}" cannot be changed`);
  }
  const text = valueText(value, definition?.list === 'quoted');
  if (text === null) throw new ConfigurationError(`${where}: parameter "${name}" takes a string, number or boolean`);
  try {
    if (definition !== undefined) parseConfigured(definition, text);
  } catch (error) {
    throw new ConfigurationError(`${where}: ${(error as Error).message}`);
  }
  return { name: definition?.name ?? name, text, ...origin };
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = 'not valid TOML'] = error.message.split('\n');
    throw new ConfigurationError(`${path}:${error.line}: ${reason}`);
  }
}

function* entries(table: Record<string, unknown>, prefix: string): IterableIterator<{ name: string; value: unknown }> {
  for (const [key, value] of Object.entries(table)) {
    const name = prefix + key;
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (isTable) yield* entries(value as Record<string, unknown>, `${name}.`);
    else yield { name, value };
  }
}

function flatten(table: Record<string, unknown>, prefix: string): { name: string; value: unknown }[] {
  return [...entries(table, prefix)];
}

/** Arrays are lists; null for what is no setting's value (dates, nested arrays). */
function valueText(value: unknown, isNameList: boolean): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (!Array.isArray(value)) return null;
  const parts = value.map((part) => (typeof part === 'string' ? (isNameList ? quoteName(part) : part) : null));
  return parts.includes(null) ? null : parts.join(', ');
}

/** Line of each setting, counted from 1. */
function settingLines(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  let prefix = '';
  for (const [index, line] of text.split('\n').entries()) {
    const table = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line);
    if (table) prefix = `${plainKey(table[1] as string)}.`;
    const setting = /^\s*([\w."'-]+)\s*=/.exec(line);
    if (setting) lines.set(prefix + plainKey(setting[1] as string), index + 1);
  }
  return lines;
}

function plainKey(key: string): string {
  return key.replaceAll(/["'\s]/g, '');
}
