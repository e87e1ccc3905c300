// Text of network addresses: IPv4 and IPv6 with an optional prefix length, the short forms that cidr allows, and the
// printed forms.
import { pgError, SqlState } from '../errors/pg-error.js';
import { invalidSyntax } from './input-error.js';
import type { Inet } from './value.js';

/** Parses an inet; throws 22P02. */
export function parseInet(text: string): Inet {
  const value = text.includes(':') ? parseSix(text) : parseFour(text);
  if (value === null) throw invalidSyntax('inet', text);
  return value;
}

/** Parses a cidr, whose short forms take their prefix length from the address's class; throws 22P02. */
export function parseCidr(text: string): Inet {
  const value = text.includes(':') ? parseSix(text) : parseNetworkFour(text);
  if (value === null) throw invalidSyntax('cidr', text);
  if (hasTail(value)) {
    throw pgError(SqlState.invalidTextRepresentation, `invalid cidr value: "${text}"`, {
      detail: 'Value has bits set to right of mask.',
    });
  }
  return value;
}

function hasTail(value: Inet): boolean {
  return value.address.some((byte, at) => (byte & (0xff >> Math.min(Math.max(value.bits - at * 8, 0), 8))) !== 0);
}

function prefixLength(text: string | undefined, max: number): number | null {
  if (text === undefined || !/^\d+$/.test(text)) return null;
  const bits = Number(text);
  return bits > max ? null : bits;
}

function octetsOf(text: string): number[] | null {
  if (!/^\d+(?:\.\d+){0,3}$/.test(text)) return null;
  const octets = text.split('.').map(Number);
  return octets.every((octet) => octet <= 255) ? octets : null;
}

function four(octets: readonly number[], bits: number): Inet {
  const address = Buffer.alloc(4);
  octets.forEach((octet, at) => {
    address[at] = octet;
  });
  return { family: 4, bits, address };
}

function parseFour(text: string): Inet | null {
  const slash = text.indexOf('/');
  const octets = octetsOf(slash < 0 ? text : text.slice(0, slash));
  if (octets === null) return null;
  // Without a prefix length the address must be whole.
  if (slash < 0) return octets.length === 4 ? four(octets, 32) : null;
  const bits = prefixLength(text.slice(slash + 1), 32);
  return bits === null ? null : four(octets, bits);
}

function parseNetworkFour(text: string): Inet | null {
  const slash = text.indexOf('/');
  const written = slash < 0 ? text : text.slice(0, slash);
  const octets = /^0[xX]/.test(written) ? hexOctets(written.slice(2)) : octetsOf(written);
  if (octets === null) return null;
  const bits = slash < 0 ? classBits(octets) : prefixLength(text.slice(slash + 1), 32);
  return bits === null ? null : four(octets, bits);
}

function hexOctets(digits: string): number[] | null {
  if (!/^[0-9a-fA-F]{1,8}$/.test(digits)) return null;
  const padded = digits.length % 2 === 0 ? digits : `${digits}0`;
  return [...Buffer.from(padded, 'hex')];
}

// The prefix length of an address's class, at least as long as the octets that were written.
function classBits(octets: readonly number[]): number {
  const first = octets[0] ?? 0;
  let bits = 8;
  if (first >= 240) bits = 32;
  else if (first >= 224) bits = 8;
  else if (first >= 192) bits = 24;
  else if (first >= 128) bits = 16;
  bits = Math.max(bits, octets.length * 8);
  return bits === 8 && first === 224 ? 4 : bits;
}

function parseSix(text: string): Inet | null {
  const slash = text.indexOf('/');
  const written = slash < 0 ? text : text.slice(0, slash);
  const lengthText = slash < 0 ? '128' : text.slice(slash + 1);
  if (/^0\d/.test(lengthText)) return null;
  const bits = prefixLength(lengthText, 128);
  const halves = written.split('::');
  if (bits === null || halves.length > 2) return null;
  const head = wordsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? wordsOf(halves[1] ?? '', true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const address = Buffer.alloc(16);
  [...head, ...new Array<number>(missing).fill(0), ...tail].forEach((word, at) => {
    address.writeUInt16BE(word, at * 2);
  });
  return { family: 6, bits, address };
}

/** The 16-bit words of one side of an IPv6 address; an IPv4 address may stand for the last two. */
function wordsOf(text: string, isEnd: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const words: number[] = [];
  for (const [at, part] of parts.entries()) {
    if (isEnd && at === parts.length - 1 && part.includes('.')) {
      const octets = octetsOf(part);
      if (octets === null || octets.length !== 4 || /(?:^|\.)0\d/.test(part)) return null;
      const [a = 0, b = 0, c = 0, d = 0] = octets;
      words.push(a * 256 + b, c * 256 + d);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      words.push(Number.parseInt(part, 16));
    }
  }
  return words;
}

/** The address alone, without prefix length. */
export function formatAddress(value: Inet): string {
  return value.family === 4 ? [...value.address].join('.') : formatSix(value.address);
}

function formatSix(address: Buffer): string {
  const words = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(at * 2));
  const run = longestZeroRun(words);
  if (isEmbeddedFour(words, run)) {
    const dotted = [...address.subarray(12)].join('.');
    return run.length === 5 ? `::ffff:${dotted}` : `::${dotted}`;
  }
  const hex = words.map((word) => word.toString(16));
  if (run.length < 2) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

interface Run {
  readonly start: number;
  readonly length: number;
}

function longestZeroRun(words: readonly number[]): Run {
  let best: Run = { start: -1, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}

function isEmbeddedFour(words: readonly number[], run: Run): boolean {
  if (run.start !== 0) return false;
  return run.length === 6 || (run.length === 5 && words[5] === 0xffff);
}

/** cidr's shortest text: only the bytes that the prefix covers. */
export function formatShortNetwork(value: Inet): string {
  const { bits, address } = value;
  if (value.family === 4) {
    const octets = [...address.subarray(0, Math.ceil(bits / 8))];
    return `${octets.length === 0 ? '0' : octets.join('.')}/${bits}`;
  }
  return `${shortSix(address, bits)}/${bits}`;
}

// Unlike the full form, a single zero word is left out too, and an IPv4 address may end early.
function shortSix(address: Buffer, bits: number): string {
  if (bits === 0) return '::';
  const words = Array.from({ length: Math.max(Math.ceil(bits / 16), 2) }, (_, at) => address.readUInt16BE(at * 2));
  const run = longestZeroRun(words);
  const isFour = run.length !== words.length && isShortFour(words, run);
  let text = '';
  for (const [at, word] of words.entries()) {
    if (run.length > 0 && at >= run.start && at < run.start + run.length) {
      if (at === run.start) text += ':';
      if (at === words.length - 1) text += ':';
    } else if (isFour && at > 5) {
      text += `${at === 6 ? ':' : '.'}${word >> 8}`;
      if (at !== 7 || bits > 120) text += `.${word & 0xff}`;
    } else {
      text += `${text === '' ? '' : ':'}${word.toString(16)}`;
    }
  }
  return text;
}

function isShortFour(words: readonly number[], run: Run): boolean {
  if (run.start !== 0) return false;
  const last = words[7] ?? 0;
  return (
    run.length === 6 ||
    (run.length === 5 && words[5] === 0xffff) ||
    (run.length === 7 && last > 255 && last % 256 !== 1)
  );
}
