// What a type can do: one object per type family, defined in that family's file with `defineType`, found by the symbol
// of its input function (pg_type.typinput: int4in, array_in, enum_in, ...). Everything a type does with bytes is here:
// text and binary form, stored form, order, hash and index key.
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import type { IoContext } from './io-context.js';
import type { TypeDescriptor } from './type-descriptor.js';
import type { Value } from './value.js';

/** Physical form in a stored row. Fixed ones sit in the row's fixed part; varlen ones are length-prefixed bytes. */
export type StorageClass = 'bool' | 'int2' | 'int4' | 'uint4' | 'int8' | 'float4' | 'float8' | 'varlen';

export interface TypeBehaviour<V = Value> {
  /** typinput symbol: the key under which the type's catalog row finds this object. */
  readonly symbol: string;
  readonly storage: StorageClass;

  /** Parses the text form; throws 22P02, 22003, 22007, ... in PostgreSQL's words. `typmod` -1 is none. */
  input(text: string, type: TypeDescriptor, typmod: number, io: IoContext): V;
  /** A NULL literal goes through `input` too (as empty text), which refuses it. */
  readonly readsNull?: boolean;
  /** The text form PostgreSQL prints under the session's settings. */
  output(value: V, type: TypeDescriptor, io: IoContext): string;
  /** Reads the binary form from exactly the reader's remaining bytes; throws 22P03 or 08P01 on bad data. */
  receive(reader: ByteReader, type: TypeDescriptor, typmod: number, io: IoContext): V;
  /** Appends the binary form without its length word. */
  send(value: V, type: TypeDescriptor, writer: ByteWriter, io: IoContext): void;

  /** varlen only: appends the stored bytes / reads them back. Deterministic: equal bytes need not mean equal values. */
  store?(value: V, type: TypeDescriptor, writer: ByteWriter, io: TypeLookup): void;
  load?(reader: ByteReader, type: TypeDescriptor, io: TypeLookup): V;

  /** Default B-tree order: negative, zero, positive. NaN, infinities, -0 and trailing zeros as PostgreSQL has them.
   *  Left out where the type has no default B-tree operator class. */
  compare?(left: V, right: V, type: TypeDescriptor, io: CompareContext): number;
  /** A JavaScript primitive that is equal exactly when `compare` says 0: the key for hash joins, grouping, DISTINCT.
   *  Left out where the type has no default hash operator class and no B-tree one. */
  hashKey?(value: V, type: TypeDescriptor, io: CompareContext): string | number | bigint | boolean;
  /** Appends bytes whose memcmp order is `compare`'s order, self-delimiting so that further columns may follow.
   *  The inverse is not required: index-only scans read the row's values from the entry's payload. */
  sortKey?(value: V, type: TypeDescriptor, writer: ByteWriter, io: CompareContext): void;
}

/** Resolves type oids; what arrays, composites, domains and enums need to reach their parts. */
export interface TypeLookup {
  typeByOid(oid: number): TypeDescriptor;
}

/** What comparing needs beside the values: the types of parts, and the collation's rules (0 = default). */
export interface CompareContext extends TypeLookup {
  /** null stands for plain code point order (C, POSIX, C.UTF-8 and the default). */
  collation(oid: number): CollationRules | null;
  readonly collationOid: number;
}

export interface CollationRules {
  compare(left: string, right: string): number;
  /** Bytes whose memcmp order is `compare`'s order. */
  sortKey(text: string): Buffer;
  readonly deterministic: boolean;
}

const behaviours = new Map<string, TypeBehaviour>();

/** Registers a family's behaviour under its typinput symbol and returns it. Called once per symbol, at load. */
export function defineType<V extends Value>(behaviour: TypeBehaviour<V>): TypeBehaviour<V> {
  if (behaviours.has(behaviour.symbol)) throw new Error(`type behaviour ${behaviour.symbol} is defined twice`);
  behaviours.set(behaviour.symbol, behaviour as unknown as TypeBehaviour);
  return behaviour;
}

/** The behaviour under a typinput symbol; undefined where that type is not built yet (its use raises 0A000). */
export function typeBehaviour(symbol: string): TypeBehaviour | undefined {
  return behaviours.get(symbol);
}
