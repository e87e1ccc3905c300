// Hash support functions (hashint4, hashtext, hash_array, ...) with PostgreSQL's own values, 32-bit and seeded 64-bit.
// A type is hashed by the symbol of its input function; `hashFamily` adds one.
import { trimBlanks } from '../../types/text-types.js';
import { byteOfChar } from '../../types/text-types.js';
import { base10000 } from '../../types/numeric-type.js';
import type { Numeric } from '../../types/numeric.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { IoContext } from '../../types/io-context.js';
import { storageType } from '../../types/domain.js';
import { fieldOf } from '../../types/record.js';
import type { AclItem, PgArray, PgRecord, Tid, Value } from '../../types/value.js';
import { hashBytes, hashBytesExtended, hashWord, hashWordExtended } from '../hash.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';

/** What a value is hashed as: a 32-bit word, bytes, or (special cases) a finished hash. */
type Digest =
  | { readonly word: number }
  | { readonly bytes: Uint8Array; readonly xor?: number }
  | { readonly fixed: bigint; readonly seeded: boolean };
type Digester = (value: Value, type: TypeDescriptor, io: IoContext) => Digest;

const digesters = new Map<string, Digester>();

/** Registers how values of a type (by typinput symbol) are hashed, and its two hash symbols ('' registers none). */
export function hashFamily(
  inputs: readonly string[],
  symbol: string,
  digest: Digester,
  extended = `${symbol}extended`,
): void {
  for (const input of inputs) digesters.set(input, digest);
  if (symbol === '') return;
  fn(symbol, {
    impl: (value: Value, info: CallInfo) => finish32(digest(value, info.argTypes[0] ?? info.resultType, info.io)),
  });
  fn(extended, {
    impl: (value: Value, seed: bigint, info: CallInfo) =>
      finish64(digest(value, info.argTypes[0] ?? info.resultType, info.io), seed),
  });
}

function finish32(digest: Digest): number {
  if ('word' in digest) return hashWord(digest.word);
  if ('fixed' in digest) return Number(BigInt.asIntN(32, digest.fixed));
  return hashBytes(digest.bytes) ^ (digest.xor ?? 0);
}

function finish64(digest: Digest, seed: bigint): bigint {
  if ('word' in digest) return hashWordExtended(digest.word, seed);
  if ('fixed' in digest) return BigInt.asIntN(64, digest.seeded ? digest.fixed + seed : digest.fixed);
  return BigInt.asIntN(64, hashBytesExtended(digest.bytes, seed) ^ BigInt(digest.xor ?? 0));
}

/** Literals that never got a type have no equality, for all that they are texts. */
const unknownOid = 705;

function digesterOf(type: TypeDescriptor, io: IoContext, what = 'a hash'): [Digester, TypeDescriptor] {
  const base = storageType(type, io);
  const digester = digesters.get(base.behaviour.symbol);
  if (digester === undefined || base.oid === unknownOid) {
    throw pgError(
      SqlState.undefinedFunction,
      `could not identify ${what} function for type ${io.names.toText('regtype', base.oid)}`,
    );
  }
  return [digester, base];
}

/** 32-bit hash of a value of any hashable type, signed; 42883 for others. */
export function hashValue(value: Value, type: TypeDescriptor, io: IoContext): number {
  if (value === null) return 0;
  const [digest, base] = digesterOf(type, io);
  return finish32(digest(value, base, io));
}

/** Seeded 64-bit hash of a value of any hashable type. */
export function hashValueExtended(value: Value, seed: bigint, type: TypeDescriptor, io: IoContext): bigint {
  const [digest, base] = digesterOf(type, io, 'an extended hash');
  if (value === null) return 0n;
  return finish64(digest(value, base, io), seed);
}

const word: Digester = (value) => ({ word: Number(value) | 0 });
hashFamily(['int2in'], 'hashint2', word);
hashFamily(['int4in'], 'hashint4', word);
hashFamily(['oidin', 'xidin', 'cidin', ...regTypes()], 'hashoid', (value) => ({ word: (value as number) | 0 }));
hashFamily(['enum_in'], 'hashenum', word);
hashFamily(['boolin'], '', (value) => ({ word: value === true ? 1 : 0 }));
hashFamily(['charin'], 'hashchar', (value) => ({
  word: typeof value === 'boolean' ? Number(value) : (byteOfChar(value as string) << 24) >> 24,
}));

function regTypes(): string[] {
  return [
    'class',
    'type',
    'proc',
    'procedure',
    'oper',
    'operator',
    'role',
    'namespace',
    'config',
    'dictionary',
    'collation',
  ].map((kind) => `reg${kind}in`);
}

const long: Digester = (value) => {
  const bits = BigInt.asIntN(64, value as bigint);
  const low = Number(BigInt.asIntN(32, bits));
  const high = Number(BigInt.asIntN(32, bits >> 32n));
  return { word: low ^ (bits >= 0n ? high : ~high) };
};
hashFamily(['int8in', 'cash_in', 'xid8in', 'pg_lsn_in'], 'hashint8', long);
fn('pg_lsn_hash', { impl: (value: bigint, info: CallInfo) => finish32(long(value, info.resultType, info.io)) });
fn('pg_lsn_hash_extended', {
  impl: (value: bigint, seed: bigint, info: CallInfo) => finish64(long(value, info.resultType, info.io), seed),
});

const double: Digester = (value) => {
  if (value === 0) return { fixed: 0n, seeded: true };
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : (value as number));
  if (Number.isNaN(value)) bytes.writeBigUInt64LE(0x7ff8000000000000n);
  return { bytes };
};
hashFamily(['float4in'], 'hashfloat4', double);
hashFamily(['float8in'], 'hashfloat8', double);

const textDigest: Digester = (value, _type, io) => {
  const rules = io.collationOid === 0 ? null : io.collation(io.collationOid);
  if (rules === null || rules.deterministic) return { bytes: Buffer.from(value as string) };
  return { bytes: rules.sortKey(value as string) };
};
hashFamily(['textin', 'varcharin', 'unknownin', 'cstring_in'], 'hashtext', textDigest);
hashFamily(['namein'], 'hashname', (value) => ({ bytes: Buffer.from(value as string) }));
hashFamily(['bpcharin'], 'hashbpchar', (value, type, io) => textDigest(trimBlanks(value as string), type, io));
hashFamily(['byteain'], 'hashvarlena', (value) => ({ bytes: value as Buffer }));
hashFamily(['uuid_in'], 'uuid_hash', (value) => ({ bytes: value as Buffer }), 'uuid_hash_extended');
hashFamily(['numeric_in'], 'hash_numeric', numericDigest, 'hash_numeric_extended');

function numericDigest(value: Value): Digest {
  const number = value as Numeric;
  if (!number.isFinite) return { fixed: 0n, seeded: true };
  const { digits, weight } = base10000(number);
  if (digits.length === 0) return { fixed: -1n, seeded: true };
  const bytes = Buffer.alloc(digits.length * 2);
  digits.forEach((digit, at) => {
    bytes.writeUInt16LE(digit, at * 2);
  });
  return { bytes, xor: weight };
}

hashFamily(['tidin'], 'hashtid', (value) => {
  const tid = value as Tid;
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16LE(tid.block >>> 16, 0);
  bytes.writeUInt16LE(tid.block & 0xffff, 2);
  bytes.writeUInt16LE(tid.offset, 4);
  return { bytes };
});
hashFamily(['oidvectorin'], 'hashoidvector', (value) => {
  const { elements } = value as PgArray;
  const bytes = Buffer.alloc(elements.length * 4);
  elements.forEach((oid, at) => {
    bytes.writeUInt32LE(oid as number, at * 4);
  });
  return { bytes };
});

function aclSum(value: AclItem): bigint {
  return BigInt(value.privileges) + (BigInt(value.grantOptions) << 32n) + BigInt(value.grantee) + BigInt(value.grantor);
}
fn('hash_aclitem', { impl: (value: AclItem) => Number(BigInt.asIntN(32, aclSum(value))) });
fn('hash_aclitem_extended', {
  impl: (value: AclItem, seed: bigint) =>
    seed === 0n ? aclSum(value) : hashWordExtended(Number(BigInt.asIntN(32, aclSum(value))), seed),
});

/** 31 * result + hash, element by element. */
function arrayHash(array: PgArray, io: IoContext): number {
  const type = io.typeByOid(array.elementType);
  if (array.elements.length > 0 || type.oid !== 0) digesterOf(type, io);
  let result = 1;
  for (const element of array.elements) result = (Math.imul(result, 31) + hashValue(element, type, io)) | 0;
  return result;
}
function arrayHashExtended(array: PgArray, seed: bigint, io: IoContext): bigint {
  const type = io.typeByOid(array.elementType);
  let result = 1n;
  for (const element of array.elements) {
    result = BigInt.asIntN(64, result * 31n + hashValueExtended(element, seed, type, io));
  }
  return result;
}
fn('hash_array', { impl: (array: PgArray, info: CallInfo) => arrayHash(array, info.io) });
fn('hash_array_extended', {
  impl: (array: PgArray, seed: bigint, info: CallInfo) => arrayHashExtended(array, seed, info.io),
});
digesters.set('array_in', (value, _type, io) => ({ fixed: BigInt(arrayHash(value as PgArray, io)), seeded: false }));

function recordHash(record: PgRecord, io: IoContext): number {
  return record.values.reduce<number>(
    (result, value, at) => (Math.imul(result, 31) + hashValue(value, io.typeByOid(fieldOf(record, at).type), io)) | 0,
    0,
  );
}
fn('hash_record', { impl: (record: PgRecord, info: CallInfo) => recordHash(record, info.io) });
fn('hash_record_extended', {
  impl: (record: PgRecord, seed: bigint, info: CallInfo) =>
    record.values.reduce<bigint>(
      (result, value, at) =>
        BigInt.asIntN(
          64,
          result * 31n + hashValueExtended(value, seed, info.io.typeByOid(fieldOf(record, at).type), info.io),
        ),
      0n,
    ),
});
digesters.set('record_in', (value, _type, io) => ({ fixed: BigInt(recordHash(value as PgRecord, io)), seeded: false }));
