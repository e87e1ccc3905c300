// inet and cidr (manual, section 8.9): a host or network address of IPv4 or IPv6 with the length of its prefix.
// Order: family, then the bits that both prefixes have, then prefix length, then the whole address. The sort key spells
// the prefix in digits of base three (end, 0, 1), five to a byte, so that a network sorts before what it contains.
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { formatAddress, parseCidr, parseInet } from './inet-text.js';
import { invalidBinary } from './input-error.js';
import { defineType } from './type-behaviour.js';
import type { Inet } from './value.js';

defineInet('inet', false);
defineInet('cidr', true);

function defineInet(name: 'inet' | 'cidr', isCidr: boolean): void {
  defineType<Inet>({
    symbol: `${name}_in`,
    storage: 'varlen',
    input: isCidr ? parseCidr : parseInet,
    output: (value) => formatAddress(value) + (isCidr || value.bits !== addressBits(value) ? `/${value.bits}` : ''),
    receive: (reader) => receiveInet(reader, name, isCidr),
    send(value, _type, writer) {
      writer.uint8(value.family === 4 ? 2 : 3);
      writer.uint8(value.bits);
      writer.uint8(isCidr ? 1 : 0);
      writer.uint8(value.address.length);
      writer.append(value.address);
    },
    store(value, _type, writer) {
      writer.uint8(value.family);
      writer.uint8(value.bits);
      writer.append(value.address);
    },
    load(reader) {
      const family = reader.uint8() === 4 ? 4 : 6;
      const bits = reader.uint8();
      return { family, bits, address: Buffer.from(reader.take(reader.remaining)) };
    },
    compare: compareInets,
    hashKey: (value) => `${value.bits}/${value.address.toString('latin1')}`,
    sortKey: (value, _type, writer) => inetSortKey(value, writer),
  });
}

/** Length of an address of the value's family, in bits. */
export function addressBits(value: Inet): number {
  return value.family === 4 ? 32 : 128;
}

/** Order of inet and cidr values. */
export function compareInets(left: Inet, right: Inet): number {
  if (left.family !== right.family) return left.family - right.family;
  const shared = comparePrefix(left.address, right.address, Math.min(left.bits, right.bits));
  return shared || left.bits - right.bits || Buffer.compare(left.address, right.address);
}

/** Order of two addresses by their first `bits` bits. */
export function comparePrefix(left: Buffer, right: Buffer, bits: number): number {
  const whole = bits >> 3;
  const order = left.compare(right, 0, whole, 0, whole);
  if (order !== 0 || (bits & 7) === 0) return order;
  const shift = 8 - (bits & 7);
  return ((left[whole] ?? 0) >> shift) - ((right[whole] ?? 0) >> shift);
}

/** The address with everything right of its first `bits` bits cleared. */
export function clearedTail(address: Buffer, bits: number): Buffer {
  const copy = Buffer.alloc(address.length);
  for (let at = 0; at < address.length; at++) {
    const kept = Math.min(Math.max(bits - at * 8, 0), 8);
    copy[at] = (address[at] ?? 0) & (0xff00 >> kept) & 0xff;
  }
  return copy;
}

function inetSortKey(value: Inet, writer: ByteWriter): void {
  writer.uint8(value.family);
  const digits = addressBits(value) + 1;
  for (let start = 0; start < digits; start += 5) {
    let packed = 0;
    for (let at = start; at < start + 5; at++) {
      const bit = at < value.bits ? (((value.address[at >> 3] ?? 0) >> (7 - (at & 7))) & 1) + 1 : 0;
      packed = packed * 3 + bit;
    }
    writer.uint8(packed);
  }
  writer.append(value.address);
}

function receiveInet(reader: ByteReader, name: string, isCidr: boolean): Inet {
  const familyByte = reader.uint8();
  if (familyByte !== 2 && familyByte !== 3) throw invalidBinary(`invalid address family in external "${name}" value`);
  const family = familyByte === 2 ? 4 : 6;
  const bits = reader.uint8();
  if (bits > (family === 4 ? 32 : 128)) throw invalidBinary(`invalid bits in external "${name}" value`);
  reader.uint8();
  const length = reader.uint8();
  if (length !== (family === 4 ? 4 : 16)) throw invalidBinary(`invalid length in external "${name}" value`);
  const address = Buffer.from(reader.take(length));
  if (isCidr && !clearedTail(address, bits).equals(address)) {
    throw pgError(SqlState.invalidBinaryRepresentation, 'invalid external "cidr" value', {
      detail: 'Value has bits set to right of mask.',
    });
  }
  return { family, bits, address };
}
