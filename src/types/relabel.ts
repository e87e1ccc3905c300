// Binary-coercible casts whose types read the same bits as different numbers: PostgreSQL relabels an int4 as an oid without
// a function (manual, CREATE CAST), so that -1 becomes 4294967295 and back. Here int4 is a signed number, oid and the reg*
// types are unsigned ones.

/** oid, regproc, regprocedure, regoper, regoperator, regclass, regtype, regconfig, regdictionary, regnamespace, regrole,
 *  regcollation. */
const unsignedTypes: ReadonlySet<number> = new Set([
  26, 24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191,
]);
const int4Type = 23;

/** How a number changes when it is relabelled from one type to the other; null where it doesn't. */
export function relabelledSign(from: number, to: number): 'unsigned' | 'signed' | null {
  if (from === int4Type && unsignedTypes.has(to)) return 'unsigned';
  return to === int4Type && unsignedTypes.has(from) ? 'signed' : null;
}

/** A value under its new type. */
export function relabelled<T>(value: T, from: number, to: number): T | number {
  if (typeof value !== 'number') return value;
  const sign = relabelledSign(from, to);
  return sign === null ? value : sign === 'unsigned' ? value >>> 0 : value | 0;
}
