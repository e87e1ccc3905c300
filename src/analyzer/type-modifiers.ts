// Type modifiers as written -> the number that the catalogs keep: varchar(10), numeric(5,2), timestamp(3), interval fields.
// One function for each typmodin symbol that a built-in type names.
import { type Notice, notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';

interface ModifierContext {
  notice(notice: Notice): void;
}

/** The modifier for the texts in parentheses. Throws 22023, 22P02 in PostgreSQL's words; 0A000 for a type without rules. */
export function typmodFromTexts(type: TypeDescriptor, texts: readonly string[], context: ModifierContext): number {
  const rule = rules[type.typmodIn];
  if (rule === undefined) throw notSupported(`a type modifier of type ${type.name}`);
  return rule(texts.map(parseInteger), context);
}

type Rule = (values: readonly number[], context: ModifierContext) => number;

const lengthMax = 10485760;
const bitLengthMax = 83886080;

const rules: Readonly<Record<string, Rule>> = {
  varchartypmodin: (values) => characterLength(values, 'varchar'),
  bpchartypmodin: (values) => characterLength(values, 'char'),
  bittypmodin: (values) => bitLength(values, 'bit'),
  varbittypmodin: (values) => bitLength(values, 'varbit'),
  numerictypmodin: numericModifier,
  timetypmodin: (values, context) => timePrecision(values, 'TIME', false, context),
  timetztypmodin: (values, context) => timePrecision(values, 'TIME', true, context),
  timestamptypmodin: (values, context) => timePrecision(values, 'TIMESTAMP', false, context),
  timestamptztypmodin: (values, context) => timePrecision(values, 'TIMESTAMP', true, context),
  intervaltypmodin: intervalModifier,
};

function parseInteger(text: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) {
    throw pgError(SqlState.invalidTextRepresentation, `invalid input syntax for type integer: "${text}"`);
  }
  const value = Number(text);
  if (value > 2147483647 || value < -2147483648) {
    throw pgError(SqlState.numericValueOutOfRange, `value "${text}" is out of range for type integer`);
  }
  return value;
}

function characterLength(values: readonly number[], name: string): number {
  const [length] = values;
  if (values.length !== 1 || length === undefined)
    throw pgError(SqlState.invalidParameterValue, 'invalid type modifier');
  if (length < 1) throw pgError(SqlState.invalidParameterValue, `length for type ${name} must be at least 1`);
  if (length > lengthMax)
    throw pgError(SqlState.invalidParameterValue, `length for type ${name} cannot exceed ${lengthMax}`);
  return length + 4;
}

function bitLength(values: readonly number[], name: string): number {
  const [length] = values;
  if (values.length !== 1 || length === undefined)
    throw pgError(SqlState.invalidParameterValue, 'invalid type modifier');
  if (length < 1) throw pgError(SqlState.invalidParameterValue, `length for type ${name} must be at least 1`);
  if (length > bitLengthMax) {
    throw pgError(SqlState.invalidParameterValue, `length for type ${name} cannot exceed ${lengthMax * 8}`);
  }
  return length;
}

function numericModifier(values: readonly number[]): number {
  const [precision, scale = 0] = values;
  if (precision === undefined || values.length > 2) {
    throw pgError(SqlState.invalidParameterValue, 'invalid NUMERIC type modifier');
  }
  if (precision < 1 || precision > 1000) {
    throw pgError(SqlState.invalidParameterValue, `NUMERIC precision ${precision} must be between 1 and 1000`);
  }
  if (scale < -1000 || scale > 1000) {
    throw pgError(SqlState.invalidParameterValue, `NUMERIC scale ${scale} must be between -1000 and 1000`);
  }
  return ((precision << 16) | (scale & 0x7ff)) + 4;
}

function timePrecision(values: readonly number[], name: string, withZone: boolean, context: ModifierContext): number {
  const [precision] = values;
  if (values.length !== 1 || precision === undefined)
    throw pgError(SqlState.invalidParameterValue, 'invalid type modifier');
  const shown = `${name}(${precision})${withZone ? ' WITH TIME ZONE' : ''}`;
  if (precision < 0) throw pgError(SqlState.invalidParameterValue, `${shown} precision must not be negative`);
  if (precision <= 6) return precision;
  reducePrecision(`${shown} precision reduced to maximum allowed, 6`, context);
  return 6;
}

const intervalFullRange = 0x7fff;
const intervalFullPrecision = 0xffff;
// Masks of YEAR, MONTH, DAY, HOUR, MINUTE, SECOND and of the ranges that SQL allows.
const intervalRanges = new Set([4, 2, 6, 8, 1024, 1032, 2048, 3072, 3080, 4096, 6144, 7168, 7176, intervalFullRange]);

function intervalModifier(values: readonly number[], context: ModifierContext): number {
  const [range, precision] = values;
  if (range === undefined || values.length > 2)
    throw pgError(SqlState.invalidParameterValue, 'invalid INTERVAL type modifier');
  if (!intervalRanges.has(range)) throw pgError(SqlState.invalidParameterValue, 'invalid INTERVAL type modifier');
  if (precision === undefined) {
    return range === intervalFullRange ? -1 : ((range & intervalFullRange) << 16) | intervalFullPrecision;
  }
  if (precision < 0) {
    throw pgError(SqlState.invalidParameterValue, `INTERVAL(${precision}) precision must not be negative`);
  }
  let kept = precision;
  if (precision > 6) {
    reducePrecision(`INTERVAL(${precision}) precision reduced to maximum allowed, 6`, context);
    kept = 6;
  }
  return ((range & intervalFullRange) << 16) | kept;
}

function reducePrecision(message: string, context: ModifierContext): void {
  context.notice({ severity: 'WARNING', code: SqlState.invalidParameterValue, message, fields: {} });
}
