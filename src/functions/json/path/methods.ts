// The methods of JSON paths that make one item of one item (manual, table 9.52).
import { pgError, SqlState } from '../../../errors/pg-error.js';
import { parseBool } from '../../../types/bool.js';
import { formatFloat8, parseFloat8 } from '../../../types/float-format.js';
import { parseInt32, parseInt64 } from '../../../types/integer-types.js';
import { JsonbObject } from '../../../types/jsonb.js';
import type { PathNode, PlainMethod, PrecisionMethod } from '../../../types/jsonpath/path.js';
import { Numeric } from '../../../types/numeric.js';
import {
  absNumeric,
  ceilNumeric,
  floorNumeric,
  numericFromFloat,
  roundedInteger,
} from '../../../types/numeric-math.js';
import { applyNumericTypmod } from '../../../types/numeric-type.js';
import {
  castDateTime,
  type DateTimeType,
  dateTimeTypeNames,
  PathDateTime,
  readByTemplate,
  readStandardForm,
  roundDateTime,
} from './datetime.js';
import { fault, faulting, isArray, PathFault, type PathItem, type PathRun } from './execute.js';

export type MethodNode = Extract<PathNode, { readonly kind: 'method' | 'precisionMethod' | 'decimal' | 'datetime' }>;

const precisionMax = 6;
const int32Max = 2147483647;

/** Whether the node is a method. */
export function isMethod(node: PathNode): node is MethodNode {
  return /^(method|precisionMethod|decimal|datetime)$/.test(node.kind);
}

/** The method's result. Throws PathFault where it doesn't apply. */
export function applyMethod(node: MethodNode, item: PathItem, run: PathRun): PathItem {
  switch (node.kind) {
    case 'method':
      return node.name === 'date' ? dateTime('date', null, item, run) : plain[node.name](item);
    case 'precisionMethod':
      return dateTime(node.name, node.precision, item, run);
    case 'decimal':
      return decimal(node, item);
    case 'datetime': {
      const text = textOf(item, 'datetime');
      if (node.template !== null) {
        const { template } = node;
        return faulting(() => readByTemplate(text, template));
      }
      const read = readStandardForm(text);
      if (read !== null) return read;
      throw new PathFault(
        pgError(SqlState.invalidArgumentForSqlJsonDatetimeFunction, `datetime format is not recognized: "${text}"`, {
          hint: 'Use a datetime template argument to specify the input data format.',
        }),
      );
    }
  }
}

const plain: Readonly<Record<Exclude<PlainMethod, 'date'>, (item: PathItem) => PathItem>> = {
  abs: (item) => absNumeric(numberOf(item, 'abs')),
  ceiling: (item) => ceilNumeric(numberOf(item, 'ceiling')),
  floor: (item) => floorNumeric(numberOf(item, 'floor')),
  type: typeName,
  size: (item) => Numeric.fromInteger(isArray(item) ? item.length : 1),
  double: toDouble,
  number: (item) => toNumber(item, 'number'),
  bigint: (item) => toInteger(item, 'bigint', (text) => parseInt64(text, 'bigint')),
  integer: (item) => toInteger(item, 'integer', (text) => BigInt(parseInt32(text, 'integer', -int32Max - 1, int32Max))),
  boolean: toBoolean,
  string: toText,
  // The run itself makes these.
  keyvalue: (item) => item,
};

function cannot(method: string, what: string): PathFault {
  return fault(SqlState.nonNumericSqlJsonItem, `jsonpath item method .${method}() can only be applied to ${what}`);
}

function invalidArgument(text: string, method: string, type: string): PathFault {
  return fault(
    SqlState.nonNumericSqlJsonItem,
    `argument "${text}" of jsonpath item method .${method}() is invalid for type ${type}`,
  );
}

function numberOf(item: PathItem, method: string): Numeric {
  if (item instanceof Numeric) return item;
  throw cannot(method, 'a numeric value');
}

function typeName(item: PathItem): string {
  if (item === null) return 'null';
  if (item instanceof PathDateTime) return dateTimeTypeNames[item.type];
  if (item instanceof Numeric) return 'number';
  if (item instanceof JsonbObject) return 'object';
  return isArray(item) ? 'array' : typeof item;
}

function attempt<T>(run: () => T | null): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && 'fields' in error) return null;
    throw error;
  }
}

function notFinite(method: string): PathFault {
  return fault(SqlState.nonNumericSqlJsonItem, `NaN or Infinity is not allowed for jsonpath item method .${method}()`);
}

function toDouble(item: PathItem): PathItem {
  if (!(item instanceof Numeric) && typeof item !== 'string') throw cannot('double', 'a string or numeric value');
  const text = String(item);
  const value = attempt(() => parseFloat8(text));
  if (value === null) throw invalidArgument(text, 'double', 'double precision');
  if (!Number.isFinite(value)) throw notFinite('double');
  return item instanceof Numeric ? item : numericFromFloat(Number(formatFloat8(value, 1)), 15);
}

function toNumber(item: PathItem, method: 'number' | 'decimal'): Numeric {
  if (!(item instanceof Numeric) && typeof item !== 'string') throw cannot(method, 'a string or numeric value');
  const value = item instanceof Numeric ? item : attempt(() => Numeric.parse(item));
  if (value === null) throw invalidArgument(String(item), method, 'numeric');
  if (!value.isFinite) throw notFinite(method);
  return value;
}

function toInteger(item: PathItem, method: 'bigint' | 'integer', parse: (text: string) => bigint): PathItem {
  if (!(item instanceof Numeric) && typeof item !== 'string') throw cannot(method, 'a string or numeric value');
  const value = attempt(() => {
    if (typeof item === 'string') return parse(item);
    return item.isFinite ? parse(String(roundedInteger(item))) : null;
  });
  if (value === null) throw invalidArgument(String(item), method, method);
  return Numeric.fromBigInt(value);
}

function toBoolean(item: PathItem): PathItem {
  if (typeof item === 'boolean') return item;
  if (!(item instanceof Numeric) && typeof item !== 'string')
    throw cannot('boolean', 'a boolean, string, or numeric value');
  const text = String(item);
  const value =
    typeof item === 'string'
      ? parseBool(item)
      : attempt(() => parseInt32(text, 'integer', -int32Max - 1, int32Max) !== 0);
  if (value === null) throw invalidArgument(text, 'boolean', 'boolean');
  return value;
}

function toText(item: PathItem): PathItem {
  if (item === null || isArray(item) || item instanceof JsonbObject)
    throw cannot('string', 'a boolean, string, numeric, or datetime value');
  return String(item);
}

function decimal(node: Extract<MethodNode, { readonly kind: 'decimal' }>, item: PathItem): PathItem {
  const value = toNumber(item, 'decimal');
  if (node.precision === null) return value;
  const precision = intArgument(node.precision, 'precision', 'decimal');
  const scale = node.scale === null ? 0 : intArgument(node.scale, 'scale', 'decimal');
  const invalid = (message: string) => fault(SqlState.invalidParameterValue, message);
  if (precision < 1 || precision > 1000) throw invalid(`NUMERIC precision ${precision} must be between 1 and 1000`);
  if (scale < -1000 || scale > 1000) throw invalid(`NUMERIC scale ${scale} must be between -1000 and 1000`);
  const typmod = ((precision << 16) | (scale & 0x7ff)) + 4;
  const fitted = attempt(() => applyNumericTypmod(value, typmod));
  if (fitted === null) throw invalidArgument(String(value), 'decimal', 'numeric');
  return fitted;
}

function intArgument(value: Numeric, what: string, method: string): number {
  if (value.coefficient <= int32Max && value.coefficient >= -int32Max - 1) return Number(value.coefficient);
  throw fault(
    SqlState.nonNumericSqlJsonItem,
    `${what} of jsonpath item method .${method}() is out of range for type integer`,
  );
}

function textOf(item: PathItem, method: string): string {
  if (typeof item === 'string') return item;
  throw fault(
    SqlState.invalidArgumentForSqlJsonDatetimeFunction,
    `jsonpath item method .${method}() can only be applied to a string`,
  );
}

const targets: Readonly<Record<PrecisionMethod | 'date', DateTimeType>> = {
  date: 'date',
  time: 'time',
  time_tz: 'timetz',
  timestamp: 'timestamp',
  timestamp_tz: 'timestamptz',
};

function dateTime(method: PrecisionMethod | 'date', precision: Numeric | null, item: PathItem, run: PathRun): PathItem {
  const text = textOf(item, method);
  const digits = precision === null ? null : digitsOf(precision, method, run);
  const read = readStandardForm(text);
  const made = read === null ? null : castDateTime(read, targets[method], run.call, run.mayUseZone);
  if (made === null)
    throw fault(SqlState.invalidArgumentForSqlJsonDatetimeFunction, `${method} format is not recognized: "${text}"`);
  return digits === null ? made : roundDateTime(made, digits);
}

function digitsOf(precision: Numeric, method: PrecisionMethod | 'date', run: PathRun): number {
  if (precision.coefficient > int32Max)
    throw fault(
      SqlState.invalidArgumentForSqlJsonDatetimeFunction,
      `time precision of jsonpath item method .${method}() is out of range for type integer`,
    );
  const digits = Number(precision.coefficient);
  if (digits <= precisionMax) return digits;
  const type = method.startsWith('timestamp') ? 'TIMESTAMP' : 'TIME';
  const zone = method.endsWith('_tz') ? ' WITH TIME ZONE' : '';
  run.call.session.notice({
    severity: 'WARNING',
    code: SqlState.invalidParameterValue,
    message: `${type}(${digits})${zone} precision reduced to maximum allowed, ${precisionMax}`,
    fields: {},
  });
  return precisionMax;
}
