// How large everything is: the sizes that the project's targets speak of, times the scale.

export interface Size {
  readonly scale: number;
  /** The scaling factor of pgbench: 20 in full size. */
  readonly pgbench: number;
  /** Rows, tables or connections of which there are so many in full size. */
  of(full: number): number;
}

/** A scale of 1 is full size; nothing gets smaller than 3. */
export function sizeOf(scale: number): Size {
  return {
    scale,
    pgbench: Math.max(1, Math.round(20 * scale)),
    of: (full) => Math.max(3, Math.round(full * scale)),
  };
}
