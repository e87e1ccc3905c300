// Errors of date/time input in PostgreSQL's words.
import { SqlState, pgError } from '../../errors/pg-error.js';

/** What is wrong with a text. format: not of the type; field: a part out of range; order: perhaps month and day are
 *  swapped; interval: too large; displacement: a zone offset out of range. */
export type DateTimeFault = 'format' | 'field' | 'order' | 'interval' | 'intervalTotal' | 'displacement';

/** Thrown while decoding; the type's input function turns it into the user's error. */
export class DateTimeProblem extends Error {
  constructor(readonly fault: DateTimeFault) {
    super(fault);
  }
}

export function fault(kind: DateTimeFault): DateTimeProblem {
  return new DateTimeProblem(kind);
}

/** Runs `decode`, with problems as the errors of `typeName`'s input. */
export function decoding<T>(text: string, typeName: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DateTimeProblem) throw inputError(error.fault, text, typeName);
    throw error;
  }
}

function inputError(kind: DateTimeFault, text: string, typeName: string): Error {
  switch (kind) {
    case 'field':
      return pgError(SqlState.datetimeFieldOverflow, `date/time field value out of range: "${text}"`);
    case 'order':
      return pgError(SqlState.datetimeFieldOverflow, `date/time field value out of range: "${text}"`, {
        hint: 'Perhaps you need a different "datestyle" setting.',
      });
    case 'interval':
      return pgError(SqlState.intervalFieldOverflow, `interval field value out of range: "${text}"`);
    case 'intervalTotal':
      return pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
    case 'displacement':
      return pgError(SqlState.invalidTimeZoneDisplacementValue, `time zone displacement out of range: "${text}"`);
    case 'format':
      return pgError(SqlState.invalidDatetimeFormat, `invalid input syntax for type ${typeName}: "${text}"`);
  }
}
