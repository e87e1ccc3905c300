// Which lines differ between two texts.

/** The lines that only one text has; where both have the same ones in another order, those from the first that differs. */
export function lineDifferences(
  expected: readonly string[],
  got: readonly string[],
): { readonly onlyExpected: string[]; readonly onlyGot: string[] } {
  const [onlyExpected, onlyGot] = [lacking(expected, got), lacking(got, expected)];
  if (onlyExpected.length > 0 || onlyGot.length > 0) return { onlyExpected, onlyGot };
  const first = expected.findIndex((line, index) => line !== got[index]);
  const around = (lines: readonly string[]) => (first < 0 ? [] : lines.slice(first, first + 5));
  return { onlyExpected: around(expected), onlyGot: around(got) };
}

/** The lines of one text that are not, or less often, in the other. */
function lacking(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
