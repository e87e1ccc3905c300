// Sets of range table indexes as bigints, bit n for index n: immutable, comparable with ===, usable as Map keys. Outer
// joins count as members under their own range table index (a join relation contains the joins computed within it).
export type Relids = bigint;

export const noRelids: Relids = 0n;

/** The set with one member. */
export function singleRelid(index: number): Relids {
  return index < 62 ? (singles[index] ?? 1n << BigInt(index)) : 1n << BigInt(index);
}
const singles: readonly Relids[] = Array.from({ length: 62 }, (_, index) => 1n << BigInt(index));

/** The set of all `indexes`. */
export function relidsOf(indexes: readonly number[]): Relids {
  let result = noRelids;
  for (const index of indexes) result |= singleRelid(index);
  return result;
}

/** Is `part` contained in `whole`? */
export function isSubset(part: Relids, whole: Relids): boolean {
  return (part & ~whole) === 0n;
}

export function overlaps(left: Relids, right: Relids): boolean {
  return (left & right) !== 0n;
}

export function contains(set: Relids, index: number): boolean {
  return (set & singleRelid(index)) !== 0n;
}

/** Members in ascending order. */
export function relidMembers(set: Relids): number[] {
  const result: number[] = [];
  let rest = set;
  let base = 0;
  while (rest !== 0n) {
    let word = Number(rest & 0x3fffffffn);
    while (word !== 0) {
      const bit = 31 - Math.clz32(word & -word);
      result.push(base + bit);
      word &= word - 1;
    }
    rest >>= 30n;
    base += 30;
  }
  return result;
}

/** Number of members. */
export function relidCount(set: Relids): number {
  let count = 0;
  let rest = set;
  while (rest !== 0n) {
    let word = Number(rest & 0x3fffffffn);
    while (word !== 0) {
      word &= word - 1;
      count++;
    }
    rest >>= 30n;
  }
  return count;
}

export function isSingleton(set: Relids): boolean {
  return set !== 0n && (set & (set - 1n)) === 0n;
}

/** The only member of a singleton; the lowest one of a larger set; 0 for the empty set. */
export function firstRelid(set: Relids): number {
  return relidMembers(set)[0] ?? 0;
}
