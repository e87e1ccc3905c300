// Type modifiers of the character and bit types (varchar(10), bit(3)): from the words in parentheses to the stored
// number and back, and the casts that apply them.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { parseInt32 } from '../../types/integer-types.js';
import type { PgArray } from '../../types/value.js';
import { fn } from '../registry.js';

const characterLengthMax = 10485760;
const bitLengthMax = 83886080;

/** The integers in a type's parentheses, from the cstring array that typmodin functions get. */
export function modifierArguments(modifiers: PgArray): number[] {
  return modifiers.elements.map((word) => parseInt32(String(word), 'integer', -2147483648, 2147483647));
}

function lengthModifier(modifiers: PgArray, typeName: string, max: number): number {
  const [length, ...rest] = modifierArguments(modifiers);
  if (length === undefined || rest.length > 0) throw pgError(SqlState.invalidParameterValue, 'invalid type modifier');
  if (length < 1) {
    throw pgError(SqlState.invalidParameterValue, `length for type ${typeName} must be at least 1`);
  }
  if (length > max) {
    throw pgError(SqlState.invalidParameterValue, `length for type ${typeName} cannot exceed ${max}`);
  }
  return length;
}

fn('varchartypmodin', { impl: (words: PgArray) => lengthModifier(words, 'varchar', characterLengthMax) + 4 });
fn('bpchartypmodin', { impl: (words: PgArray) => lengthModifier(words, 'char', characterLengthMax) + 4 });
fn('bittypmodin', { impl: (words: PgArray) => lengthModifier(words, 'bit', bitLengthMax) });
fn('varbittypmodin', { impl: (words: PgArray) => lengthModifier(words, 'varbit', bitLengthMax) });
fn('varchartypmodout', { impl: (typmod: number) => (typmod > 4 ? `(${typmod - 4})` : '') });
fn('bpchartypmodout', { impl: (typmod: number) => (typmod > 4 ? `(${typmod - 4})` : '') });
fn('bittypmodout', { impl: (typmod: number) => (typmod >= 0 ? `(${typmod})` : '') });
fn('varbittypmodout', { impl: (typmod: number) => (typmod >= 0 ? `(${typmod})` : '') });
