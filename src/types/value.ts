// The JavaScript form of every SQL value. null is SQL NULL. Values are immutable: nobody changes a Buffer, an array
// or an object that came out of a row. Never a Date; never a float for int8 or numeric.
//
//   boolean            boolean                    date        number: days since 2000-01-01, or dateInfinity / ...
//   int2 int4 oid      number                     time        bigint: microseconds since midnight
//   reg* xid cid       number                     timestamp   bigint: microseconds since 2000-01-01 (UTC for tz);
//   float4 float8      number                       timestamp[tz]  timestampInfinity / timestampMinusInfinity
//   int8 xid8 pg_lsn   bigint                     timetz      TimeTz        interval    Interval
//   money              bigint (cents)             numeric     Numeric       uuid bytea  Buffer
//   text varchar       string (UTF-16, no NUL)    json        string        jsonb       Jsonb
//   point lseg box path polygon line circle: Point, Segment, Box, Path, Polygon, Line, Circle
//   jsonpath           JsonPath                            ranges      PgRange, PgMultirange
//   bpchar name "char" string                     array       PgArray (also int2vector, oidvector)
//   cstring unknown    string                     record      PgRecord (composite types too)
//   enum               number: the pg_enum row's oid (compared by enumsortorder)
//   macaddr macaddr8   Buffer (6, 8 bytes)
//   inet cidr          Inet                       bit varbit  BitString     tid         Tid
//   void               null                       internal    any object (aggregate states)
//   domain             the value of its base type pg_node_tree string       aclitem     AclItem

import type { Numeric } from './numeric.js';
import type { PgMultirange, PgRange } from './range/range.js';
import type { Shape } from './geometry/shapes.js';
import type { Jsonb } from './jsonb.js';
import type { JsonPath } from './jsonpath/path.js';

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | Numeric
  | Interval
  | TimeTz
  | Jsonb
  | JsonPath
  | PgRange
  | Shape
  | PgMultirange
  | PgArray
  | PgRecord
  | Inet
  | BitString
  | Tid
  | AclItem
  | Internal;

/** A row between executor nodes: attribute n at index n - 1. */
export type Row = readonly Value[];

/** A span of time in three independent units, as PostgreSQL keeps it. Infinite intervals have all three at the extreme
 *  of their PostgreSQL storage (int4, int4, int8): see `types/interval.ts`. */
export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly microseconds: bigint;
}

export interface TimeTz {
  /** Microseconds since local midnight. */
  readonly microseconds: bigint;
  /** Seconds west of UTC, PostgreSQL's sign. */
  readonly zone: number;
}

/** ctid: block and offset derive from the 64-bit rowid, see `storage/ctid.ts`. */
export interface Tid {
  readonly block: number;
  readonly offset: number;
}

export interface Inet {
  readonly family: 4 | 6;
  /** Length of the network prefix in bits. */
  readonly bits: number;
  /** 4 or 16 bytes. */
  readonly address: Buffer;
}

export interface BitString {
  readonly bitLength: number;
  /** ceil(bitLength / 8) bytes, most significant bit first, unused bits zero. */
  readonly bytes: Buffer;
}

export interface AclItem {
  /** 0 is PUBLIC. */
  readonly grantee: number;
  readonly grantor: number;
  /** Bit set of PostgreSQL's ACL_* privileges. */
  readonly privileges: number;
  /** Those of them that were granted with grant option. */
  readonly grantOptions: number;
}

/** An aggregate's running state or another value of pseudo-type internal: never stored, never sent. */
export interface Internal {
  readonly internal: true;
}

/** An array value. Empty arrays have no dimensions. `elements` is in row-major order. */
export class PgArray {
  constructor(
    /** Type oid of the elements. */
    readonly elementType: number,
    readonly dimensions: readonly number[],
    readonly lowerBounds: readonly number[],
    readonly elements: readonly Value[],
  ) {}

  /** One-dimensional array with lower bound 1 (no dimensions where it is empty). */
  static of(elementType: number, elements: readonly Value[]): PgArray {
    return elements.length === 0
      ? new PgArray(elementType, [], [], [])
      : new PgArray(elementType, [elements.length], [1], elements);
  }
}

/** A composite value. `type` is the composite type's oid, or 2249 for an anonymous record described by `fields`. */
export class PgRecord {
  constructor(
    readonly type: number,
    readonly values: readonly Value[],
    /** Type and modifier of each field; names where known (else f1, f2, ...). */
    readonly fields: readonly RecordField[],
  ) {}
}

export interface RecordField {
  readonly name: string;
  readonly type: number;
  readonly typmod: number;
}

export const dateInfinity = 2147483647;
export const dateMinusInfinity = -2147483648;
export const timestampInfinity = 9223372036854775807n;
export const timestampMinusInfinity = -9223372036854775808n;
