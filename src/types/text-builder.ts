// Long texts put together piece by piece. Adding strings to each other makes trees of pieces that take many times the
// text's own memory, so pieces are joined as soon as there are enough of them.
import { textUnitsMax } from '../base/limits.js';
import { type PgError, SqlState, pgError } from '../errors/pg-error.js';
import { requireElements, requireMemory } from './memory.js';

/** Pieces, or characters in them, that are joined at a time. */
const piecesMax = 4096;
const chunkLength = 256 * 1024;
/** Chunks after which it is asked whether there is room for the whole text. */
const chunksUnwatched = 64;

export class TextBuilder {
  private readonly chunks: string[] = [];
  private pieces: string[] = [];
  private piecesLength = 0;
  /** UTF-16 units so far. */
  length = 0;

  /** Throws 54000 where no text could be so long. */
  append(piece: string): void {
    if (this.length + piece.length > textUnitsMax) throw bufferFull(this.length, piece.length);
    this.length += piece.length;
    this.pieces.push(piece);
    this.piecesLength += piece.length;
    if (this.piecesLength >= chunkLength || this.pieces.length >= piecesMax) this.join();
  }

  /** The text so far; more may be added afterwards. */
  toString(): string {
    requireMemory(this.length);
    this.join();
    return this.chunks.length === 1 ? (this.chunks[0] as string) : this.chunks.join('');
  }

  private join(): void {
    if (this.pieces.length === 0) return;
    this.chunks.push(this.pieces.join(''));
    if (this.chunks.length % chunksUnwatched === 0) requireMemory(this.length);
    this.pieces = [];
    this.piecesLength = 0;
  }
}

/** PostgreSQL's error of a text that outgrows its buffer. */
function bufferFull(length: number, more: number): PgError {
  return pgError(SqlState.programLimitExceeded, 'out of memory', {
    detail: `Cannot enlarge string buffer containing ${length} bytes by ${more} more bytes.`,
  });
}

/** Texts from this length on are looked at before they are taken apart or changed at many places. */
const longText = 4 * 1024 * 1024;

/** A text's characters. Throws 53200 where there is no room for so many. */
export function charactersOf(value: string): string[] {
  if (value.length >= longText) requireElements(value.length);
  return [...value];
}

/** `value.split(delimiter)`. Throws 53200 where there is no room for the pieces. */
export function splitText(value: string, delimiter: string): string[] {
  if (value.length >= longText) {
    let count = 1;
    for (let at = value.indexOf(delimiter); at >= 0; at = value.indexOf(delimiter, at + delimiter.length)) count += 1;
    requireElements(count);
    requireMemory(count * 32);
  }
  return value.split(delimiter);
}

/** `value` with `to` wherever it had `from`, which is not empty. */
export function replaceText(value: string, from: string, to: string): string {
  if (value.length < longText && to.length < 1024) return value.replaceAll(from, () => to);
  const result = new TextBuilder();
  let start = 0;
  for (let at = value.indexOf(from); at >= 0; at = value.indexOf(from, start)) {
    if (at > start) result.append(value.slice(start, at));
    result.append(to);
    start = at + from.length;
  }
  result.append(value.slice(start));
  return result.toString();
}
