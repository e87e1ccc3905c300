// The frame of each row of a window partition: ROWS, RANGE and GROUPS bounds and EXCLUDE (manual, section 4.2.8). Rows are
// visited in order, so bounds found by search only ever move forward.
import { SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import type { WindowFrame } from '../../trees/query.js';
import type { Value } from '../../types/value.js';
import type { SupportFunction } from '../aggregates/callable.js';
import type { RunState } from '../state.js';
import type { WindowPartition } from './window-partition.js';

/** Half-open ranges of partition positions, in order. */
export type FrameSegments = readonly (readonly [from: number, to: number])[];

export interface FrameSetup {
  readonly frame: WindowFrame;
  readonly startOffset: Value;
  readonly endOffset: Value;
  /** 0-based column of the single ORDER BY key, for RANGE with offsets. */
  readonly orderColumn: number;
  readonly startInRange: { readonly fn: SupportFunction; readonly info: CallInfo } | null;
  readonly endInRange: { readonly fn: SupportFunction; readonly info: CallInfo } | null;
}

export class FrameFinder {
  private rangeStart = 0;
  private rangeEnd = 0;

  constructor(
    private readonly x: RunState,
    private readonly setup: FrameSetup,
    private readonly partition: WindowPartition,
  ) {}

  /** The frame of the row at a position, its exclusion applied. */
  segments(position: number): FrameSegments {
    const count = this.partition.rowCount;
    const from = Math.min(Math.max(this.start(position), 0), count);
    const to = Math.min(Math.max(this.end(position), 0), count);
    if (from >= to) return [];
    return this.excluded(position, from, to);
  }

  private excluded(position: number, from: number, to: number): FrameSegments {
    const group = this.partition.groupOf(position);
    const groupFrom = this.partition.groupStart(group);
    const groupTo = this.partition.groupStart(group + 1);
    switch (this.setup.frame.exclusion) {
      case 'none':
        return [[from, to]];
      case 'currentRow':
        return cut(from, to, [[position, position + 1]]);
      case 'group':
        return cut(from, to, [[groupFrom, groupTo]]);
      case 'ties':
        return cut(from, to, [
          [groupFrom, position],
          [position + 1, groupTo],
        ]);
    }
  }

  private start(position: number): number {
    const { mode, start } = this.setup.frame;
    if (start.kind === 'unboundedPreceding') return 0;
    if (start.kind === 'unboundedFollowing') return this.partition.rowCount;
    const group = this.partition.groupOf(position);
    if (start.kind === 'currentRow') return mode === 'rows' ? position : this.partition.groupStart(group);
    const sign = start.kind === 'offsetPreceding' ? -1 : 1;
    if (mode === 'rows') return position + sign * Number(this.setup.startOffset);
    if (mode === 'groups') return this.partition.groupStart(group + sign * Number(this.setup.startOffset));
    return this.searchStart(position, sign < 0);
  }

  private end(position: number): number {
    const { mode, end } = this.setup.frame;
    if (end.kind === 'unboundedFollowing') return this.partition.rowCount;
    if (end.kind === 'unboundedPreceding') return 0;
    const group = this.partition.groupOf(position);
    if (end.kind === 'currentRow') return mode === 'rows' ? position + 1 : this.partition.groupStart(group + 1);
    const sign = end.kind === 'offsetPreceding' ? -1 : 1;
    if (mode === 'rows') return position + sign * Number(this.setup.endOffset) + 1;
    if (mode === 'groups') return this.partition.groupStart(group + sign * Number(this.setup.endOffset) + 1);
    return this.searchEnd(position, sign < 0);
  }

  private searchStart(position: number, isPreceding: boolean): number {
    const { frame, startOffset, startInRange } = this.setup;
    const current = this.key(position);
    for (; this.rangeStart < this.partition.rowCount; this.rangeStart++) {
      const head = this.key(this.rangeStart);
      if (head === null || current === null) {
        const isBefore = frame.inRangeNullsFirst
          ? head === null && current !== null
          : head !== null && current === null;
        if (!isBefore) break;
      } else if (
        this.inRange(
          startInRange,
          head,
          current,
          startOffset,
          isPreceding === frame.inRangeAscending,
          !frame.inRangeAscending,
        )
      )
        break;
    }
    return this.rangeStart;
  }

  private searchEnd(position: number, isPreceding: boolean): number {
    const { frame, endOffset, endInRange } = this.setup;
    const current = this.key(position);
    for (; this.rangeEnd < this.partition.rowCount; this.rangeEnd++) {
      const tail = this.key(this.rangeEnd);
      if (tail === null || current === null) {
        if (frame.inRangeNullsFirst ? tail !== null : current !== null) break;
      } else if (
        !this.inRange(
          endInRange,
          tail,
          current,
          endOffset,
          isPreceding === frame.inRangeAscending,
          frame.inRangeAscending,
        )
      )
        break;
    }
    return this.rangeEnd;
  }

  private key(position: number): Value {
    return this.partition.rowAt(position)[this.setup.orderColumn] ?? null;
  }

  private inRange(
    support: FrameSetup['startInRange'],
    value: Value,
    base: Value,
    offset: Value,
    subtract: boolean,
    less: boolean,
  ): boolean {
    if (support === null) throw notSupported('RANGE with offset for this type');
    return support.fn.call(this.x, support.info, [value, base, offset, subtract, less]) === true;
  }
}

/** What is left of [from, to) without the holes, which are in order. */
function cut(from: number, to: number, holes: FrameSegments): FrameSegments {
  const segments: [number, number][] = [];
  let at = from;
  for (const [holeFrom, holeTo] of holes) {
    if (holeTo <= at || holeFrom >= to || holeFrom >= holeTo) continue;
    if (holeFrom > at) segments.push([at, holeFrom]);
    at = Math.max(at, holeTo);
  }
  if (at < to) segments.push([at, to]);
  return segments;
}

/** Checks a ROWS or GROUPS offset (RANGE leaves signs to its in_range function). */
export function checkOffset(value: Value, which: 'starting' | 'ending', mode: WindowFrame['mode']): void {
  if (value === null) throw pgError(SqlState.nullValueNotAllowed, `frame ${which} offset must not be null`);
  if (mode !== 'range' && Number(value) < 0) {
    throw pgError(SqlState.invalidPrecedingOrFollowingSize, `frame ${which} offset must not be negative`);
  }
}
