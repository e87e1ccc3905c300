// Identifiers in the text of settings and of reg* input: folding to lower case, quotes, lists and dotted names.

/** Entries of a comma-separated list (search_path); null where the syntax is wrong. */
export function splitIdentifierList(text: string): string[] | null {
  return split(text, ',');
}

/** Parts of a dotted name; null where the syntax is wrong. */
export function splitQualifiedName(text: string): string[] | null {
  const parts = split(text, '.');
  return parts === null || parts.length === 0 ? null : parts;
}

function split(text: string, separator: ',' | '.'): string[] | null {
  const names: string[] = [];
  const space = /[ \t\n\r\f\v]*/y;
  const skipSpace = (from: number): number => {
    space.lastIndex = from;
    return from + (space.exec(text)?.[0].length ?? 0);
  };
  let at = skipSpace(0);
  if (at === text.length) return names;
  for (;;) {
    const token = text[at] === '"' ? quotedToken(text, at) : plainToken(text, at, separator);
    if (token === null) return null;
    names.push(token.name);
    at = skipSpace(token.end);
    if (at === text.length) return names;
    if (text[at] !== separator) return null;
    at = skipSpace(at + 1);
  }
}

interface Token {
  readonly name: string;
  readonly end: number;
}

function quotedToken(text: string, start: number): Token | null {
  const match = /"((?:[^"]|"")*)"/y;
  match.lastIndex = start;
  const found = match.exec(text);
  if (found === null || found[1] === '') return null;
  return { name: truncate((found[1] ?? '').replaceAll('""', '"')), end: start + found[0].length };
}

function plainToken(text: string, start: number, separator: string): Token | null {
  let end = start;
  while (end < text.length && text[end] !== separator && !/\s/.test(text[end] ?? '')) end++;
  return end === start ? null : { name: truncate(foldCase(text.slice(start, end))), end };
}

/** ASCII letters in lower case, as the parser folds unquoted identifiers. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function truncate(name: string): string {
  if (name.length <= 15 || Buffer.byteLength(name) <= 63) return name;
  let bytes = 0;
  let kept = '';
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > 63) break;
    kept += character;
  }
  return kept;
}
