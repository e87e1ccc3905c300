// Lists of names in settings: `a, "B c", d` (search_path and its like).

/** The names of a list: unquoted ones in lower case; null where the syntax is wrong. */
export function splitNames(text: string): string[] | null {
  const names: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^\s,"]+))\s*(,|$)/y;
  if (/^\s*$/.test(text)) return names;
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) return null;
    const [, quoted, plain, separator] = match;
    names.push(quoted === undefined ? (plain as string).toLowerCase() : quoted.replaceAll('""', '"'));
    if (separator === '') return names;
  }
}

/** A name as it must be written in such a list. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
