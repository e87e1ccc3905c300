// The rows of one window partition in order, with their peer groups: in memory up to work_mem, in a temporary file beyond
// it. Positions are mostly visited in ascending order, by a few readers a frame apart.
import type { Row } from '../../types/value.js';
import { rowBytes } from '../../types/value-size.js';
import type { TupleStore } from '../spill/tuple-store.js';
import type { RunState } from '../state.js';

export class WindowPartition {
  private memory: Row[] = [];
  private memoryBytes = 0;
  private store: TupleStore | null = null;
  /** First position of each peer group. */
  private readonly starts: number[] = [];
  private last: Row | null = null;
  private lastGroup = 0;
  private count = 0;

  constructor(
    private readonly x: RunState,
    private readonly isPeer: (left: Row, right: Row) => boolean,
  ) {}

  get rowCount(): number {
    return this.count;
  }

  get isSpilled(): boolean {
    return this.store !== null;
  }

  append(row: Row): void {
    if (this.last === null || !this.isPeer(this.last, row)) this.starts.push(this.count);
    this.last = row;
    this.count += 1;
    if (this.store !== null) {
      this.store.append(row);
      return;
    }
    this.memory.push(row);
    this.memoryBytes += rowBytes(row);
    if (this.memoryBytes > this.x.context.workMemBytes) this.spill();
  }

  rowAt(position: number): Row {
    return this.store === null ? (this.memory[position] as Row) : this.store.get(position);
  }

  /** Peer group of a row, counted from 0. */
  groupOf(position: number): number {
    const { starts } = this;
    let group = this.lastGroup;
    if ((starts[group] as number) > position) group = this.search(position);
    else while (group + 1 < starts.length && (starts[group + 1] as number) <= position) group += 1;
    this.lastGroup = group;
    return group;
  }

  /** First row of a peer group; 0 and the partition's end for groups outside of it. */
  groupStart(group: number): number {
    return group < 0 ? 0 : (this.starts[group] ?? this.count);
  }

  clear(): void {
    this.store?.clear();
    this.memory = [];
  }

  private search(position: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] as number) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private spill(): void {
    this.store = this.x.tupleStore();
    for (const row of this.memory) this.store.append(row);
    this.memory = [];
  }
}
