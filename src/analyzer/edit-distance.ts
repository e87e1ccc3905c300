// Levenshtein distance for the hints about misspelt names.

/** Number of inserted, deleted and replaced characters between two names; anything above `limit` counts as limit + 1. */
export function editDistance(left: string, right: string, limit: number): number {
  const from = [...left];
  const to = [...right];
  if (Math.abs(from.length - to.length) > limit) return limit + 1;
  let previous = to.map((_, index) => index + 1);
  for (let row = 0; row < from.length; row++) {
    let diagonal = row;
    let before = row + 1;
    const current: number[] = [];
    for (let column = 0; column < to.length; column++) {
      const above = previous[column] ?? 0;
      const value = Math.min(above + 1, before + 1, diagonal + (from[row] === to[column] ? 0 : 1));
      current.push(value);
      diagonal = above;
      before = value;
    }
    previous = current;
  }
  return previous[to.length - 1] ?? from.length;
}
