// A result set as the transcripts show it: columns divided by bars, numbers to the right, widths in bytes of UTF-8,
// line breaks inside values left as they are.

/** Lines with the line break at their end; empty where the result has no columns. */
export function resultTable(columns: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  if (columns.length === 0) return '';
  const layout = columns.map((name, index) => {
    const values = rows.map((row) => row[index] ?? '');
    const width = Math.max(byteLength(name), ...values.map(byteLength));
    return { width, toRight: values.every(isNumberLike) && values.some((value) => value !== '') };
  });
  const line = (values: readonly (string | null)[]) => {
    const cells = layout.map(({ width, toRight }, index) => {
      const value = values[index] ?? '';
      const blanks = ' '.repeat(Math.max(width - byteLength(value), 0));
      return toRight ? blanks + value : value + blanks;
    });
    return `${cells.join('|')}\n`;
  };
  const rule = `${layout.map(({ width }) => '-'.repeat(width)).join('+')}\n`;
  const footer = `(${rows.length} row${rows.length === 1 ? '' : 's'})\n\n`;
  return line(columns) + rule + rows.map((row) => line(row)).join('') + footer;
}

/** Digits, signs, points, exponents and blanks, with a digit at the end; what is empty says nothing. */
function isNumberLike(value: string): boolean {
  return value === '' || /^(?![eE])[0-9.eE -]*[0-9]$/.test(value);
}

const byteLength = (text: string): number => Buffer.byteLength(text);
