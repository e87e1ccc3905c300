// Functions and operators of inet and cidr.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { addressBits, clearedTail, compareInets, comparePrefix } from '../../types/inet.js';
import { formatAddress, formatShortNetwork } from '../../types/inet-text.js';
import type { Inet } from '../../types/value.js';
import { fn } from '../registry.js';
import { comparisonFamily, operatorNames } from './comparison.js';
import { hashFamily } from './hashing.js';

comparisonFamily<Inet>(
  {
    operators: operatorNames('network_'),
    support: 'network_cmp',
    larger: 'network_larger',
    smaller: 'network_smaller',
  },
  compareInets,
);
hashFamily(['inet_in', 'cidr_in'], 'hashinet', (value) => {
  const inet = value as Inet;
  return { bytes: Buffer.concat([Buffer.from([inet.family === 4 ? 2 : 3, inet.bits]), inet.address]) };
});

fn('inet_abbrev', {
  impl: (value: Inet) => formatAddress(value) + (value.bits === addressBits(value) ? '' : `/${value.bits}`),
});
fn('cidr_abbrev', { impl: formatShortNetwork });
fn('network_show', { impl: (value: Inet) => `${formatAddress(value)}/${value.bits}` });
fn('network_host', { impl: (value: Inet) => formatAddress(value) });
fn('network_family', { impl: (value: Inet) => value.family });
fn('network_masklen', { impl: (value: Inet) => value.bits });
fn('network_network', { impl: networkOf });
fn('inet_to_cidr', { impl: networkOf });
fn('network_broadcast', {
  impl: (value: Inet) => ({
    ...value,
    address: bytewise(value.address, tailMask(value), (byte, mask) => byte | mask),
  }),
});
fn('network_hostmask', { impl: (value: Inet) => whole(value, tailMask(value)) });
fn('network_netmask', {
  impl: (value: Inet) => whole(value, clearedTail(Buffer.alloc(value.address.length, 0xff), value.bits)),
});

function networkOf(value: Inet): Inet {
  return { ...value, address: clearedTail(value.address, value.bits) };
}

function tailMask(value: Inet): Buffer {
  const network = clearedTail(Buffer.alloc(value.address.length, 0xff), value.bits);
  return Buffer.from(network.map((byte) => ~byte & 0xff));
}

function whole(like: Inet, address: Buffer): Inet {
  return { family: like.family, bits: addressBits(like), address };
}

function bytewise(left: Buffer, right: Buffer, combine: (left: number, right: number) => number): Buffer {
  return Buffer.from(left.map((byte, at) => combine(byte, right[at] ?? 0)));
}

fn('inet_set_masklen', { impl: (value: Inet, bits: number) => ({ ...value, bits: checkedBits(value, bits) }) });
fn('cidr_set_masklen', {
  impl: (value: Inet, bits: number) => networkOf({ ...value, bits: checkedBits(value, bits) }),
});

function checkedBits(value: Inet, bits: number): number {
  if (bits === -1) return addressBits(value);
  if (bits >= 0 && bits <= addressBits(value)) return bits;
  throw pgError(SqlState.invalidParameterValue, `invalid mask length: ${bits}`);
}

// Containment looks at the shorter prefix only.
function covers(outer: Inet, inner: Inet): boolean {
  return outer.family === inner.family && comparePrefix(outer.address, inner.address, outer.bits) === 0;
}
fn('network_sub', { impl: (left: Inet, right: Inet) => left.bits > right.bits && covers(right, left) });
fn('network_subeq', { impl: (left: Inet, right: Inet) => left.bits >= right.bits && covers(right, left) });
fn('network_sup', { impl: (left: Inet, right: Inet) => left.bits < right.bits && covers(left, right) });
fn('network_supeq', { impl: (left: Inet, right: Inet) => left.bits <= right.bits && covers(left, right) });
fn('network_overlap', {
  impl: (left: Inet, right: Inet) => (left.bits < right.bits ? covers(left, right) : covers(right, left)),
});
fn('inet_same_family', { impl: (left: Inet, right: Inet) => left.family === right.family });
fn('inet_merge', {
  impl: (left: Inet, right: Inet) => {
    if (left.family !== right.family) {
      throw pgError(SqlState.invalidParameterValue, 'cannot merge addresses from different families');
    }
    let bits = Math.min(left.bits, right.bits);
    while (bits > 0 && comparePrefix(left.address, right.address, bits) !== 0) bits--;
    return networkOf({ ...left, bits });
  },
});

fn('inetnot', { impl: (value: Inet) => ({ ...value, address: Buffer.from(value.address.map((b) => ~b & 0xff)) }) });
fn('inetand', { impl: (left: Inet, right: Inet) => combined(left, right, 'AND', (a, b) => a & b) });
fn('inetor', { impl: (left: Inet, right: Inet) => combined(left, right, 'OR', (a, b) => a | b) });

function combined(left: Inet, right: Inet, verb: string, combine: (left: number, right: number) => number): Inet {
  if (left.family !== right.family) {
    throw pgError(SqlState.invalidParameterValue, `cannot ${verb} inet values of different sizes`);
  }
  return {
    family: left.family,
    bits: Math.max(left.bits, right.bits),
    address: bytewise(left.address, right.address, combine),
  };
}

fn('inetpl', { impl: plus });
fn('inetmi_int8', {
  // The smallest integer has no opposite in 64 bits and stays as it is.
  impl: (value: Inet, offset: bigint) => plus(value, BigInt.asIntN(64, -offset)),
});
fn('inetmi', {
  impl: (left: Inet, right: Inet) => {
    if (left.family !== right.family) {
      throw pgError(SqlState.invalidParameterValue, 'cannot subtract inet values of different sizes');
    }
    const difference = asNumber(left.address) - asNumber(right.address);
    if (BigInt.asIntN(64, difference) !== difference) throw outOfRange();
    return difference;
  },
});

function plus(value: Inet, offset: bigint): Inet {
  const sum = asNumber(value.address) + offset;
  if (sum < 0n || sum >> BigInt(addressBits(value)) !== 0n) throw outOfRange();
  const digits = sum.toString(16).padStart(value.address.length * 2, '0');
  return { ...value, address: Buffer.from(digits, 'hex') };
}

function asNumber(address: Buffer): bigint {
  return BigInt(`0x${address.toString('hex')}`);
}

function outOfRange(): Error {
  return pgError(SqlState.numericValueOutOfRange, 'result is out of range');
}
