// to_char of numbers and to_number (manual, section 9.8): rounds the value as its type does and hands its decimal text
// to the template. to_number under an
// empty template gives null.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { invalidSyntax } from '../../types/input-error.js';
import { Numeric, powerOfTen } from '../../types/numeric.js';
import { decimalExponent, divideToScale, multiplyNumerics, roundedInteger } from '../../types/numeric-math.js';
import { applyNumericTypmod } from '../../types/numeric-type.js';
import { fixedDecimal, exponentText, scientificDecimal } from '../formatting/float-decimal.js';
import { readNumber } from '../formatting/number-from-char.js';
import { type NumberTemplate, numberTemplate } from '../formatting/number-template.js';
import { layOutNumber, layOutRoman, scientificOverflow } from '../formatting/number-to-char.js';
import { powerNumeric } from '../numeric-transcendental.js';
import { fn } from '../registry.js';
import { rint } from './float.js';
import { int4Of, int8Of, integerOutOfRange } from './integer.js';

fn('int4_to_char', {
  impl(value: number, format: string) {
    const template = numberTemplate(format);
    if (template.isRoman) return layOutRoman(template, value);
    if (template.isScientific) return signed(scientificDecimal(value, template.after));
    return integerToChar(template, BigInt.asIntN(32, BigInt(value) * powerOfTen(template.shift)));
  },
});
fn('int8_to_char', {
  impl(value: bigint, format: string) {
    const template = numberTemplate(format);
    if (template.isRoman) return layOutRoman(template, int4Of(Number(value)));
    if (template.isScientific) return numericScientific(template, Numeric.fromBigInt(value));
    return integerToChar(template, template.hasShift ? int8Of(value * powerOfTen(template.shift)) : value);
  },
});
fn('float4_to_char', { impl: (value: number, format: string) => floatToChar(value, format, 6) });
fn('float8_to_char', { impl: (value: number, format: string) => floatToChar(value, format, 15) });
fn('numeric_to_char', {
  impl(value: Numeric, format: string) {
    const template = numberTemplate(format);
    if (template.isRoman) return layOutRoman(template, romanOf(value));
    if (template.isScientific) return numericScientific(template, value);
    const shifted = template.hasShift ? multiplyNumerics(value, Numeric.of(powerOfTen(template.shift))) : value;
    return layOut(template, shifted.withScale(template.after).toString());
  },
});
fn('numeric_to_number', {
  impl(text: string, format: string) {
    if (format === '') return null;
    const template = numberTemplate(format);
    const read = readNumber(template, text);
    const value = Numeric.parse(read.text);
    if (value === null) throw invalidSyntax('numeric', read.text);
    const precision = template.before + template.shift + read.scale;
    const result = applyNumericTypmod(value, ((precision << 16) | read.scale) + 4);
    if (!template.hasShift) return result;
    return multiplyNumerics(result, tenToMinus(template.shift));
  },
});

function integerToChar(template: NumberTemplate, value: bigint): string {
  return layOut(template, template.after > 0 ? `${value}.${'0'.repeat(template.after)}` : String(value));
}

/** Floats keep only as many decimals as their precision (6 or 15 digits) has left. */
function floatToChar(value: number, format: string, digitsMax: number): string {
  const template = numberTemplate(format);
  if (template.isRoman) return layOutRoman(template, rint(value));
  if (template.isScientific) {
    if (!Number.isFinite(value)) return scientificOverflow(template);
    return signed(scientificDecimal(value, template.after));
  }
  const shifted = template.hasShift ? value * 10 ** template.shift : value;
  const whole = fixedDecimal(Math.abs(shifted), 0).length;
  const after = whole >= digitsMax ? 0 : Math.min(template.after, digitsMax - whole);
  return layOut({ ...template, after }, fixedDecimal(shifted, after));
}

/** The exponent is the value's own: rounding may give a mantissa of 10, as PostgreSQL prints it. */
function numericScientific(template: NumberTemplate, value: Numeric): string {
  if (!value.isFinite) return scientificOverflow(template);
  const exponent = decimalExponent(value);
  const mantissa = Numeric.of(value.coefficient * powerOfTen(Math.max(-exponent, 0)), value.scale);
  const rounded = divideToScale(mantissa, Numeric.of(powerOfTen(Math.max(exponent, 0))), template.after);
  return signed(`${rounded}e${exponentText(exponent)}`);
}

function signed(text: string): string {
  return text.startsWith('-') ? text : ` ${text}`;
}

function layOut(template: NumberTemplate, decimal: string): string {
  const isNegative = decimal.startsWith('-');
  const before = template.before + template.shift;
  return layOutNumber(template, { text: isNegative ? decimal.slice(1) : decimal, isNegative, before });
}

function romanOf(value: Numeric): number {
  if (!value.isFinite) {
    const word = value.isNaN ? 'NaN' : 'infinity';
    throw pgError(SqlState.featureNotSupported, `cannot convert ${word} to integer`);
  }
  const integer = roundedInteger(value);
  if (BigInt.asIntN(32, integer) !== integer) throw integerOutOfRange('integer');
  return Number(integer);
}

/** 10^-shift with the scale that power() gives it. */
function tenToMinus(shift: number): Numeric {
  return powerNumeric(Numeric.fromInteger(10), Numeric.fromInteger(-shift));
}
