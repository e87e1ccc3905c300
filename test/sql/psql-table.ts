// A result as psql prints it in its default, aligned format: header, rule, rows, count. Numbers stand right, texts left;
// a value with line breaks goes on in further lines, marked by +.

export interface PrintedColumn {
  readonly name: string;
  readonly typeOid: number;
}

/** int2, int4, int8, oid, float4, float8, money, numeric, xid, cid, xid8: what psql aligns to the right. */
const numericTypes = new Set([20, 21, 23, 26, 700, 701, 790, 1700, 28, 29, 5069]);

/** The output of psql -X -c QUERY for a query with rows. */
export function psqlTable(columns: readonly PrintedColumn[], rows: readonly (readonly (string | null)[])[]): string {
  const cells = rows.map((row) => row.map((value) => (value ?? '').split('\n')));
  const widths = columns.map((column, index) =>
    Math.max(width(column.name), ...cells.map((row) => Math.max(...(row[index] ?? ['']).map(width)))),
  );
  const lines = [
    columns.map((column, index) => ` ${centred(column.name, widths[index] ?? 0)} `).join('|'),
    widths.map((size) => '-'.repeat(size + 2)).join('+'),
  ];
  for (const row of cells) lines.push(...rowLines(row, columns, widths));
  lines.push(`(${rows.length} row${rows.length === 1 ? '' : 's'})`, '', '');
  return lines.join('\n');
}

function rowLines(
  row: readonly (readonly string[])[],
  columns: readonly PrintedColumn[],
  widths: readonly number[],
): string[] {
  const height = Math.max(...row.map((cell) => cell.length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map((column, index) => {
      const cell = row[index] ?? [''];
      const text = cell[line] ?? '';
      const isLast = index === columns.length - 1;
      const marker = line < cell.length - 1 ? '+' : ' ';
      const padded = pad(text, widths[index] ?? 0, numericTypes.has(column.typeOid));
      // psql leaves no blanks behind the last column, unless a mark follows.
      return isLast && marker === ' ' ? ` ${numericTypes.has(column.typeOid) ? padded : text}` : ` ${padded}${marker}`;
    });
    return parts.join('|');
  });
}

function pad(text: string, size: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(size - width(text), 0));
  return right ? blanks + text : text + blanks;
}

function centred(text: string, size: number): string {
  const free = size - width(text);
  const left = Math.floor(free / 2);
  return ' '.repeat(left) + text + ' '.repeat(free - left);
}

/** Columns on a terminal, for the letters of the sample data: one each. */
function width(text: string): number {
  return [...text].length;
}
