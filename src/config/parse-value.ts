// One value of one setting: text in, parsed and canonical form out, or PostgreSQL's error. Rules that only one setting
// has are in checks.ts.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { ErrorFields, PgError } from '../errors/pg-error.js';
import type { SettingDefinition } from './definitions.js';
import { formatReal, formatWithUnit, parseInteger, parseReal } from './units.js';

export interface SettingValue {
  /** bool, number or string; numbers in the setting's unit. */
  readonly parsed: boolean | number | string;
  /** pg_settings.setting: numbers without unit. */
  readonly setting: string;
  /** SHOW's form. */
  readonly shown: string;
}

/** Parses a value by the setting's type and range; throws 22023. */
export function parseSetting(definition: SettingDefinition, text: string): SettingValue {
  switch (definition.type) {
    case 'bool':
      return boolValue(parseBool(text) ?? raiseBool(definition));
    case 'integer':
      return integerValue(definition, text);
    case 'real':
      return realValue(definition, text);
    case 'enum':
      return enumValue(definition, text);
    case 'string':
      return stringValue(text);
  }
}

/** A string setting's value as it stands. */
export function stringValue(text: string): SettingValue {
  return { parsed: text, setting: text, shown: text };
}

/** on/off, true/false, yes/no, 1/0 and unambiguous beginnings; undefined for anything else. */
export function parseBool(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (word === '') return undefined;
  if ('true'.startsWith(word) || 'yes'.startsWith(word) || word === 'on' || word === '1') return true;
  if ('false'.startsWith(word) || 'no'.startsWith(word) || word === 'of' || word === 'off' || word === '0')
    return false;
  return undefined;
}

/** 22023 `invalid value for parameter "x": "y"`. */
export function invalidValue(name: string, text: string, fields: ErrorFields = {}): PgError {
  return pgError(SqlState.invalidParameterValue, `invalid value for parameter "${name}": "${text}"`, fields);
}

function boolValue(parsed: boolean): SettingValue {
  const text = parsed ? 'on' : 'off';
  return { parsed, setting: text, shown: text };
}

function raiseBool(definition: SettingDefinition): never {
  throw pgError(SqlState.invalidParameterValue, `parameter "${definition.name}" requires a Boolean value`);
}

/** Modes of files are shown in octal. */
const octalSettings = new Set(['unix_socket_permissions', 'log_file_mode', 'data_directory_mode']);

function integerValue(definition: SettingDefinition, text: string): SettingValue {
  const { name, unit } = definition;
  const result = parseInteger(text, unit);
  if (!result.ok) throw invalidValue(name, text, { hint: result.hint });
  requireRange(definition, result.value, String);
  const shown = octalSettings.has(name)
    ? result.value.toString(8).padStart(4, '0')
    : formatWithUnit(result.value, unit, false);
  return { parsed: result.value, setting: octalSettings.has(name) ? shown : String(result.value), shown };
}

function realValue(definition: SettingDefinition, text: string): SettingValue {
  const { name, unit } = definition;
  const result = parseReal(text, unit);
  if (!result.ok) throw invalidValue(name, text, { hint: result.hint });
  requireRange(definition, result.value, formatReal);
  return {
    parsed: result.value,
    setting: formatReal(result.value),
    shown: formatWithUnit(result.value, unit, true),
  };
}

function requireRange(definition: SettingDefinition, value: number, print: (value: number) => string): void {
  const { name, min, max, unit } = definition;
  if ((min === null || value >= min) && (max === null || value <= max)) return;
  const suffix = unit === null ? '' : ` ${unit}`;
  const range = `${print(min ?? 0)}${suffix} .. ${print(max ?? 0)}${suffix}`;
  throw pgError(
    SqlState.invalidParameterValue,
    `${print(value)}${suffix} is outside the valid range for parameter "${name}" (${range})`,
  );
}

function enumValue(definition: SettingDefinition, text: string): SettingValue {
  const values = definition.enumValues ?? [];
  const word = text.toLowerCase();
  const found = values.find((value) => value.toLowerCase() === word) ?? hiddenEnumValue(definition, word);
  if (found === undefined) {
    throw invalidValue(definition.name, text, { hint: `Available values: ${values.join(', ')}.` });
  }
  return { parsed: found, setting: found, shown: found };
}

/** Spellings that PostgreSQL takes without listing them. */
function hiddenEnumValue(definition: SettingDefinition, word: string): string | undefined {
  const values = definition.enumValues ?? [];
  if (values.includes('on') && values.includes('off')) {
    if (word === 'true' || word === 'yes' || word === '1') return 'on';
    if (word === 'false' || word === 'no' || word === '0') return 'off';
  }
  if (values.includes('debug2') && word === 'debug') return 'debug2';
  if (definition.name === 'client_min_messages' && word === 'info') return word;
  return undefined;
}
