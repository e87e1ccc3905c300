// The order that PostgreSQL gives to rows which its sort keys don't tell apart is the order its sort leaves them in, and
// clients see it. So sorting here is done by the same published algorithms: Bentley and McIlroy's quicksort (Engineering
// a Sort Function, 1993) with a test for input that is in order already, and for "first n" a heap (Knuth, 5.2.3).

export type Compare<T> = (left: T, right: T) => number;

/** Ranges below this length are sorted by insertion. */
const insertionMax = 7;
/** From this length on the pivot is a median of medians of three. */
const ninther = 40;

/** Sorts in place; not stable. */
export function quicksort<T>(items: T[], compare: Compare<T>): void {
  sortRange(items, 0, items.length, compare);
}

function sortRange<T>(a: T[], start: number, length: number, compare: Compare<T>): void {
  let base = start;
  let count = length;
  for (;;) {
    if (count < insertionMax) {
      insertionSort(a, base, count, compare);
      return;
    }
    if (isSorted(a, base, count, compare)) return;
    const [less, greater] = partition(a, base, count, compare);
    // The smaller part by recursion, the larger one by going on: the stack stays logarithmic.
    if (less <= greater) {
      if (less > 1) sortRange(a, base, less, compare);
      if (greater <= 1) return;
      base += count - greater;
      count = greater;
    } else {
      if (greater > 1) sortRange(a, base + count - greater, greater, compare);
      if (less <= 1) return;
      count = less;
    }
  }
}

function insertionSort<T>(a: T[], base: number, count: number, compare: Compare<T>): void {
  for (let at = base + 1; at < base + count; at++) {
    const item = a[at] as T;
    let to = at;
    while (to > base && compare(a[to - 1] as T, item) > 0) {
      a[to] = a[to - 1] as T;
      to -= 1;
    }
    a[to] = item;
  }
}

function isSorted<T>(a: T[], base: number, count: number, compare: Compare<T>): boolean {
  for (let at = base + 1; at < base + count; at++) if (compare(a[at - 1] as T, a[at] as T) > 0) return false;
  return true;
}

/** Three-way partition around a pivot; returns how many items are less and how many greater than it. */
function partition<T>(a: T[], base: number, count: number, compare: Compare<T>): [less: number, greater: number] {
  swap(a, base, pivotOf(a, base, count, compare));
  const pivot = a[base] as T;
  let equalLeft = base + 1;
  let left = base + 1;
  let right = base + count - 1;
  let equalRight = right;
  for (;;) {
    for (; left <= right; left++) {
      const order = compare(a[left] as T, pivot);
      if (order > 0) break;
      if (order === 0) swap(a, equalLeft++, left);
    }
    for (; left <= right; right--) {
      const order = compare(a[right] as T, pivot);
      if (order < 0) break;
      if (order === 0) swap(a, right, equalRight--);
    }
    if (left > right) break;
    swap(a, left++, right--);
  }
  // Items equal to the pivot were parked at both ends: they move to the middle.
  const end = base + count;
  swapRanges(a, base, left, Math.min(equalLeft - base, left - equalLeft));
  swapRanges(a, left, end, Math.min(equalRight - right, end - equalRight - 1));
  return [left - equalLeft, equalRight - right];
}

function pivotOf<T>(a: T[], base: number, count: number, compare: Compare<T>): number {
  const middle = base + (count >> 1);
  if (count === insertionMax) return middle;
  const last = base + count - 1;
  if (count <= ninther) return median(a, base, middle, last, compare);
  const step = count >> 3;
  return median(
    a,
    median(a, base, base + step, base + 2 * step, compare),
    median(a, middle - step, middle, middle + step, compare),
    median(a, last - 2 * step, last - step, last, compare),
    compare,
  );
}

function median<T>(a: T[], x: number, y: number, z: number, compare: Compare<T>): number {
  const [left, middle, right] = [a[x] as T, a[y] as T, a[z] as T];
  if (compare(left, middle) < 0) {
    if (compare(middle, right) < 0) return y;
    return compare(left, right) < 0 ? z : x;
  }
  if (compare(middle, right) > 0) return y;
  return compare(left, right) < 0 ? x : z;
}

function swap<T>(a: T[], x: number, y: number): void {
  const item = a[x] as T;
  a[x] = a[y] as T;
  a[y] = item;
}

/** Exchanges the `count` items from `from` on with those that end before `end`. */
function swapRanges<T>(a: T[], from: number, end: number, count: number): void {
  for (let n = 0; n < count; n++) swap(a, from + n, end - count + n);
}

/** Keeps the first `bound` items in sort order of all that are added. */
export class BoundedHeap<T> {
  /** The greatest item is on top. */
  private readonly items: T[] = [];

  constructor(
    private readonly bound: number,
    private readonly compare: Compare<T>,
  ) {}

  add(item: T): void {
    if (this.items.length < this.bound) this.insert(item);
    else if (this.compare(item, this.items[0] as T) < 0) this.replaceTop(item, this.items.length);
  }

  private insert(item: T): void {
    const { items, compare } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compare(item, items[parent] as T) <= 0) break;
      items[at] = items[parent] as T;
      at = parent;
    }
    items[at] = item;
  }

  private replaceTop(item: T, count: number): void {
    const { items, compare } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && compare(items[child] as T, items[child + 1] as T) < 0) child += 1;
      if (compare(item, items[child] as T) >= 0) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = item;
  }

  /** The items in order; the heap is used up. */
  sorted(): T[] {
    const { items } = this;
    for (let count = items.length; count > 1; ) {
      const top = items[0] as T;
      count -= 1;
      this.replaceTop(items[count] as T, count);
      items[count] = top;
    }
    return items;
  }
}
