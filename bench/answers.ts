// Whether two servers answered alike. Texts must be equal; float4 and float8 may differ in the last digits, since sums of
// floats depend on the order of their rows, which is open. Rows may come in another order where the query leaves ties.
import type { Answer } from './workload.js';

const float4 = 700;
const float8 = 701;
const relativeTolerance: ReadonlyMap<number, number> = new Map([
  [float4, 1e-5],
  [float8, 1e-9],
]);

/** One line that says where the answers differ; null where they agree. */
export function difference(ours: Answer, theirs: Answer): string | null {
  if (ours.rows.length !== theirs.rows.length) return `${ours.rows.length} rows, the peer has ${theirs.rows.length}`;
  const types = ours.columns.map(({ type }) => type);
  const inOrder = firstDifference(ours.rows, theirs.rows, types);
  if (inOrder === null) return null;
  const sorted = [ours.rows, theirs.rows].map((rows) => sortedRows(rows, types));
  return firstDifference(sorted[0] ?? [], sorted[1] ?? [], types) === null ? null : inOrder;
}

type Row = readonly (string | null)[];

function firstDifference(ours: readonly Row[], theirs: readonly Row[], types: readonly number[]): string | null {
  for (const [index, row] of ours.entries()) {
    const other = theirs[index] ?? [];
    if (row.length !== other.length || !row.every((value, at) => isSame(value, other[at] ?? null, types[at] ?? 0)))
      return `row ${index + 1}: ${shown(row)}, the peer has ${shown(other)}`;
  }
  return null;
}

function isSame(ours: string | null, theirs: string | null, type: number): boolean {
  if (ours === theirs) return true;
  const tolerance = relativeTolerance.get(type);
  if (tolerance === undefined || ours === null || theirs === null) return false;
  const [left, right] = [Number(ours), Number(theirs)];
  return Math.abs(left - right) <= tolerance * Math.max(Math.abs(left), Math.abs(right));
}

/** By everything but floats, whose last digits would decide. */
function sortedRows(rows: readonly Row[], types: readonly number[]): Row[] {
  const keyed = rows.map((row) => ({
    row,
    key: row.filter((_, at) => !relativeTolerance.has(types[at] ?? 0)).join('\0'),
  }));
  return keyed.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)).map(({ row }) => row);
}

function shown(row: Row): string {
  const text = row.map((value) => value ?? 'null').join(' | ');
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
