// Ranges of IP addresses, as pg_hba.conf and listen_addresses write them.
import { BlockList, isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface AddressRange {
  readonly bits: number;
  /** The mask in address form. */
  readonly mask: string;
  contains(address: string): boolean;
}

/** An address with a prefix length or a mask in address form; null where they don't fit. */
export function parseAddressRange(address: string, mask: string): AddressRange | null {
  const family = isIP(address);
  const bitsMax = family === 4 ? 32 : 128;
  const bits = /^\d+$/.test(mask) ? Number(mask) : isIP(mask) === family ? prefixLength(mask) : null;
  if (family === 0 || bits === null || bits > bitsMax) return null;
  const list = new BlockList();
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  return {
    bits,
    mask: maskText(bits, family === 4),
    contains: (candidate) => list.check(candidate, isIPv4(candidate) ? 'ipv4' : 'ipv6'),
  };
}

/** A peer's address, IPv4 where it came mapped into IPv6. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** True for addresses that only this machine reaches. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === 'localhost' || plain === '::1' || /^127\.\d+\.\d+\.\d+$/.test(plain);
}

/** True where the range lies within the loopback addresses. */
export function isLoopbackRange(address: string, bits: number): boolean {
  return isIPv4(address) ? isLoopback(address) && bits >= 8 : address === '::1' && bits === 128;
}

/** samehost and samenet: does the address belong to this machine, or to a network it is on. */
export function isOwnAddress(address: string, withNetwork: boolean): boolean {
  const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return interfaces.some((own) => {
    if (own.address === address) return true;
    const bits = own.cidr?.split('/')[1];
    return withNetwork && bits !== undefined && (parseAddressRange(own.address, bits)?.contains(address) ?? false);
  });
}

/** Length of a mask's leading ones; null where others follow. */
function prefixLength(mask: string): number | null {
  const groups = isIPv4(mask)
    ? mask.split('.').map((part) => toBits(Number(part), 8))
    : expand(mask).map((part) => toBits(part, 16));
  const match = /^(1*)0*$/.exec(groups.join(''));
  return match === null ? null : (match[1] as string).length;
}

function toBits(value: number, width: number): string {
  return value.toString(2).padStart(width, '0');
}

/** The eight groups of an IPv6 address. */
function expand(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}

function maskText(bits: number, isFour: boolean): string {
  const all = '1'.repeat(bits).padEnd(isFour ? 32 : 128, '0');
  if (isFour) return (all.match(/.{8}/g) ?? []).map((part) => Number.parseInt(part, 2)).join('.');
  const groups = (all.match(/.{16}/g) ?? []).map((part) => Number.parseInt(part, 2).toString(16));
  return groups
    .join(':')
    .replace(/(?:^|:)0(?::0)+$/, '::')
    .replace(/:::$/, '::');
}
