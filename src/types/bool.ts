// boolean: each unique prefix of true, false, yes, no, or on, off, 1, 0, in upper or lower case.
import { invalidSyntax } from './input-error.js';
import { defineType } from './type-behaviour.js';

defineType<boolean>({
  symbol: 'boolin',
  storage: 'bool',
  input: (text) => {
    const value = parseBool(text);
    if (value === null) throw invalidSyntax('boolean', text);
    return value;
  },
  output: (value) => (value ? 't' : 'f'),
  receive: (reader) => reader.uint8() !== 0,
  send: (value, _type, writer) => writer.uint8(value ? 1 : 0),
  compare: (left, right) => Number(left) - Number(right),
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => writer.uint8(value ? 1 : 0),
});

/** Reads a boolean word, white space around it allowed; null where it is none. Settings use it too. */
export function parseBool(text: string): boolean | null {
  const word = text.replace(/^[ \t\n\r\f\v]+|[ \t\n\r\f\v]+$/g, '').toLowerCase();
  if (word === '') return null;
  if (word === '1' || word === 'on' || 'true'.startsWith(word) || 'yes'.startsWith(word)) return true;
  if (word === '0' || 'false'.startsWith(word) || 'no'.startsWith(word)) return false;
  return word.length >= 2 && 'off'.startsWith(word) ? false : null;
}
