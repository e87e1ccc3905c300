// The errors that every type's input functions share, in PostgreSQL's words.
import { pgError, SqlState } from '../errors/pg-error.js';

/** 22P02: the text is no value of the type. */
export function invalidSyntax(typeName: string, text: string): Error {
  return pgError(SqlState.invalidTextRepresentation, `invalid input syntax for type ${typeName}: "${text}"`);
}

/** 22003: the text is a number, too large for the type. */
export function valueOutOfRange(typeName: string, text: string): Error {
  return pgError(SqlState.numericValueOutOfRange, `value "${text}" is out of range for type ${typeName}`);
}

/** 22P03: binary input that is no value of the type. */
export function invalidBinary(message: string): Error {
  return pgError(SqlState.invalidBinaryRepresentation, message);
}

/** 0A000 of the pseudo-types and others that take no text or binary input. */
export function cannotAccept(typeName: string): Error {
  return pgError(SqlState.featureNotSupported, `cannot accept a value of type ${typeName}`);
}

/** 0A000 of the pseudo-types and others that have no output. */
export function cannotDisplay(typeName: string): Error {
  return pgError(SqlState.featureNotSupported, `cannot display a value of type ${typeName}`);
}

/** PostgreSQL's isspace in the C locale. */
export function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r' || char === '\f' || char === '\v';
}
