// Encodings of COPY's files: the database is UTF8 throughout.
import { encodingName } from '../../base/encoding-names.js';
import { decodeText, encodeText } from '../../types/text-encoding.js';
import type { CommandContext } from '../api.js';
import type { CopyOptions } from './options.js';

/** The encoding of a file: what ENCODING says, or the client's. */
export function fileEncoding(context: CommandContext, options: CopyOptions): string {
  return options.encoding ?? encodingName(context.session.setting('client_encoding') ?? 'UTF8') ?? 'UTF8';
}

/** Turns bytes of an encoding (cut at character borders) into text; throws 22021, 22P05. */
export type Decoder = (bytes: Buffer) => string;

export function decoderFor(encoding: string): Decoder {
  return (bytes) => decodeText(bytes, encoding);
}

/** True where newline and the ASCII characters stand for themselves in every position. */
export function isAsciiSafe(encoding: string): boolean {
  return !['SJIS', 'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB', 'SHIFT_JIS_2004'].includes(encoding);
}

/** Text as bytes of the encoding; throws 22P05. */
export function encoderFor(encoding: string): (text: string) => Buffer {
  return (text) => encodeText(text, encoding);
}

/** How text in binary fields is read: in the client's encoding, whatever the file's. */
export function clientDecoder(context: CommandContext): Decoder {
  return decoderFor(clientEncoding(context) ?? 'UTF8');
}

/** How text in binary fields is written; null for UTF8. */
export function clientEncoder(context: CommandContext): ((text: string) => Buffer) | null {
  const encoding = clientEncoding(context);
  return encoding === null ? null : encoderFor(encoding);
}

function clientEncoding(context: CommandContext): string | null {
  const name = encodingName(context.session.setting('client_encoding') ?? 'UTF8');
  return name === 'UTF8' || name === 'SQL_ASCII' ? null : name;
}
