// Start-up packets (manual, section 53.7: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest), the only messages
// without a type byte. One packet's body goes in, what it asks for comes out; 08P01 FATAL where it is malformed.
import { startupPacketBytesMax } from '../base/limits.js';
import { fatalError, SqlState } from '../errors/pg-error.js';
import type { PgError } from '../errors/pg-error.js';
import { decodeText } from './text.js';

export type StartupPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gssEncryption' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly secretKey: number }
  | {
      readonly kind: 'startup';
      readonly minorVersion: number;
      readonly parameters: ReadonlyMap<string, string>;
      /** Protocol extensions (_pq_.*), none of which we know. */
      readonly protocolOptions: readonly string[];
    };

/** Minor version of protocol 3 that we speak. */
export const protocolMinorVersion = 0;

const cancelCode = (1234 << 16) | 5678;
const sslCode = (1234 << 16) | 5679;
const gssCode = (1234 << 16) | 5680;

/** Length of the packet at the start of `bytes`, null until its length word is there. Throws on an impossible one. */
export function startupPacketLength(bytes: Buffer): number | null {
  if (bytes.length < 4) return null;
  const length = bytes.readInt32BE(0);
  if (length < 8 || length > startupPacketBytesMax) throw invalid('invalid length of startup packet');
  return length;
}

/** Decodes a whole packet, its length word included. */
export function decodeStartupPacket(packet: Buffer): StartupPacket {
  const version = packet.readInt32BE(4);
  if (version === cancelCode) {
    if (packet.length !== 16) throw invalid('invalid length of startup packet');
    return { kind: 'cancel', processId: packet.readInt32BE(8), secretKey: packet.readInt32BE(12) };
  }
  if (version === sslCode) return { kind: 'ssl' };
  if (version === gssCode) return { kind: 'gssEncryption' };
  const major = version >>> 16;
  if (major !== 3) {
    throw fatalError(
      SqlState.featureNotSupported,
      `unsupported frontend protocol ${major}.${version & 0xffff}: server supports 3.0 to 3.${protocolMinorVersion}`,
    );
  }
  return decodeParameters(packet, version & 0xffff);
}

/** Splits the `options` parameter: words separated by spaces, a backslash keeps the next character. */
export function splitOptions(options: string): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  for (let index = 0; index < options.length; index++) {
    let unit = options[index] as string;
    if (/\s/.test(unit)) {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
      continue;
    }
    if (unit === '\\' && index + 1 < options.length) unit = options[++index] as string;
    word += unit;
    inWord = true;
  }
  if (inWord) words.push(word);
  return words;
}

function decodeParameters(packet: Buffer, minorVersion: number): StartupPacket {
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  let at = 8;
  while (at < packet.length && packet[at] !== 0) {
    const nameEnd = packet.indexOf(0, at);
    const valueEnd = nameEnd < 0 ? -1 : packet.indexOf(0, nameEnd + 1);
    if (valueEnd < 0) throw invalidLayout();
    const name = decodeText(packet, at, nameEnd);
    if (name.startsWith('_pq_.')) protocolOptions.push(name);
    else parameters.set(name, decodeText(packet, nameEnd + 1, valueEnd));
    at = valueEnd + 1;
  }
  if (at !== packet.length - 1) throw invalidLayout();
  return { kind: 'startup', minorVersion, parameters, protocolOptions };
}

function invalidLayout(): PgError {
  return invalid('invalid startup packet layout: expected terminator as last byte');
}

function invalid(message: string): PgError {
  return fatalError(SqlState.protocolViolation, message);
}
