// Takes name(type, type) of regprocedure and regoperator apart; the parts are parsed by their own rules.
import { pgError, SqlState } from '../errors/pg-error.js';

/** Name and argument texts; `allowNone` keeps NONE as an argument of operators. Throws 22P02. */
export function parseSignature(
  text: string,
  allowNone: boolean,
): { readonly name: string; readonly args: readonly string[] } {
  const open = findUnquoted(text, '(', 0);
  if (open < 0) throw pgError(SqlState.invalidTextRepresentation, 'expected a left parenthesis');
  const close = text.trimEnd().length - 1;
  if (text[close] !== ')' || close <= open)
    throw pgError(SqlState.invalidTextRepresentation, 'expected a right parenthesis');
  const inside = text.slice(open + 1, close);
  const args = inside.trim() === '' ? [] : splitArguments(inside);
  for (const arg of args) {
    if (arg === '') throw pgError(SqlState.invalidTextRepresentation, 'expected a type name');
    if (!allowNone && arg.toLowerCase() === 'none')
      throw pgError(SqlState.undefinedObject, 'type "none" does not exist');
  }
  return { name: text.slice(0, open).trim(), args };
}

/** Position of `wanted` outside double quotes, -1 where there is none. */
function findUnquoted(text: string, wanted: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    else if (!quoted && text[at] === wanted) return at;
  }
  return -1;
}

/** Splits at commas outside quotes, parentheses and brackets. */
function splitArguments(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    if (quoted) continue;
    if (character === '(' || character === '[') depth++;
    else if (character === ')' || character === ']') depth--;
    else if (character === ',' && depth === 0) {
      args.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  args.push(text.slice(start).trim());
  return args;
}
