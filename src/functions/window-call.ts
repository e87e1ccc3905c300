// What a window function may look at: its partition, row by row, and the frame of the current row.
import type { Value } from '../types/value.js';
import type { CallInfo } from './call-info.js';

export interface WindowCall {
  readonly info: CallInfo;
  /** 0-based position of the current row in its partition, and the partition's size in rows. */
  readonly position: number;
  readonly partitionRows: number;
  /** True where the current row and the row at `position` are peers under the window's ORDER BY. */
  isPeer(left: number, right: number): boolean;
  /** The frame's rows under its exclusion, in order: how many, and the partition position of the nth (0-based). */
  readonly frameRows: number;
  framePosition(nth: number): number;
  /** Value of argument `index` (0-based) evaluated at a partition position. */
  argument(index: number, position: number): Value;
  /** Storage of this function for the current partition: starts undefined. */
  state: unknown;
}
