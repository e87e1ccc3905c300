// Cuts COPY's byte stream into records of text: whole lines are decoded together, as many as a chunk holds. Knows newline
// styles, the end-of-data marker \. and, for CSV, newlines within quotes.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Decoder } from './encoding.js';
import type { CopyOptions } from './options.js';

/** One input record: its text without the newline, and the line number at its end. */
export interface CopyRecord {
  readonly text: string;
  readonly line: number;
}

type NewlineStyle = 'unknown' | 'lf' | 'crlf' | 'cr';

const noBytes = Buffer.alloc(0);
const newline = 0x0a;
const carriageReturn = 0x0d;

export class RecordCutter {
  /** What was read of the line that the last chunk ended in, chunk by chunk. */
  private rest: Buffer[] = [];
  private style: NewlineStyle = 'unknown';
  private line = 0;
  private done = false;
  /** Text of a record that goes on in the next line. */
  private pending: string | null = null;
  /** An error in a line whose predecessors in the chunk come first. */
  private failure: unknown = null;
  private readonly isCsv: boolean;

  constructor(
    private readonly options: CopyOptions,
    private readonly decode: Decoder,
  ) {
    this.isCsv = options.format === 'csv';
  }

  /** Number of the last line read, for error contexts. */
  get currentLine(): number {
    return this.line;
  }

  /** The whole lines that the chunk completes, newlines included; what is left waits for the next chunk. */
  lines(chunk: Buffer): Buffer {
    if (this.done) return noBytes;
    if (this.failure !== null) throw this.failure;
    // A line of many chunks is put together once, when its end has come.
    if (this.rest.length > 0 && !this.mayEndLine(chunk)) {
      this.rest.push(chunk);
      return noBytes;
    }
    const bytes = this.takeRest(chunk);
    const end = this.lastLineEnd(bytes);
    if (end < bytes.length) this.rest = [bytes.subarray(end)];
    return bytes.subarray(0, end);
  }

  private mayEndLine(chunk: Buffer): boolean {
    const before = this.rest[this.rest.length - 1];
    return chunk.includes(newline) || chunk.includes(carriageReturn) || before?.[before.length - 1] === carriageReturn;
  }

  private takeRest(chunk: Buffer): Buffer {
    const { rest } = this;
    this.rest = [];
    return rest.length === 0 ? chunk : Buffer.concat([...rest, chunk]);
  }

  /** Lines end with a newline alone, and the next one begins a record. */
  get isAtRecord(): boolean {
    return this.style === 'lf' && this.pending === null && !this.done;
  }

  /** Counts lines that somebody else has read. */
  skip(lineCount: number): void {
    this.line += lineCount;
  }

  /** Records that end in these whole lines. Text that can't be decoded fails at its own line, after those before it. */
  cutBytes(bytes: Buffer): CopyRecord[] {
    if (bytes.length === 0) return [];
    let text: string;
    try {
      text = this.decode(bytes);
    } catch (error) {
      return this.cutDecodable(bytes, error);
    }
    return this.cut(text, false);
  }

  /** What is left at the end of the data: a last line without its newline. */
  finish(): CopyRecord[] {
    if (this.done) return [];
    if (this.failure !== null) throw this.failure;
    const rest = this.takeRest(noBytes);
    const text = rest.length === 0 ? '' : this.decode(rest);
    const records = text === '' ? [] : this.cut(text, true);
    if (this.pending !== null && this.isCsv) {
      throw pgError(SqlState.badCopyFileFormat, 'unterminated CSV quoted field');
    }
    if (this.pending !== null) {
      records.push({ text: this.pending, line: this.line });
      this.pending = null;
    }
    return records;
  }

  private cutDecodable(bytes: Buffer, failure: unknown): CopyRecord[] {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(this.style === 'cr' ? carriageReturn : newline, start) + 1;
      if (end === 0) throw failure;
      try {
        this.decode(bytes.subarray(start, end));
      } catch (error) {
        const records = start === 0 ? [] : this.cut(this.decode(bytes.subarray(0, start)), false);
        this.line++;
        if (records.length === 0 && !this.done) throw error;
        this.failure = error;
        return records;
      }
      start = end;
    }
  }

  /** End of the last complete line. A lone carriage return at the very end may be half of CRLF. */
  private lastLineEnd(bytes: Buffer): number {
    if (this.style === 'unknown') this.detectStyle(bytes);
    if (this.style === 'cr') return bytes.lastIndexOf(carriageReturn) + 1;
    return bytes.lastIndexOf(newline) + 1;
  }

  private detectStyle(bytes: Buffer): void {
    const lf = bytes.indexOf(newline);
    const cr = bytes.indexOf(carriageReturn);
    // A carriage return inside CSV quotes says nothing; a newline soon shows the real style.
    if (lf >= 0) this.style = cr === lf - 1 ? 'crlf' : cr >= 0 && cr < lf && !this.isCsv ? 'cr' : 'lf';
    else if (cr >= 0 && cr < bytes.length - 1 && !this.isCsv) this.style = 'cr';
  }

  private cut(text: string, isEnd: boolean): CopyRecord[] {
    const records: CopyRecord[] = [];
    const separator = this.style === 'cr' ? '\r' : '\n';
    const lines = text.split(separator);
    // The text ends with a separator, save at the end of the data.
    if (!isEnd || lines.at(-1) === '') lines.pop();
    for (const raw of lines) {
      this.line++;
      const line = this.style === 'crlf' && raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (this.pending === null && line === '\\.') {
        this.done = true;
        break;
      }
      this.take(line, raw, separator, records);
    }
    return records;
  }

  private take(line: string, raw: string, separator: string, records: CopyRecord[]): void {
    const whole = this.pending === null ? line : this.pending + line;
    if (this.isOpen(whole)) {
      // The newline belongs to the value: in CSV as it was written, in text without the backslash before it.
      this.pending = `${this.pending ?? ''}${this.isCsv ? raw : line}${this.isCsv ? separator : '\n'}`;
      return;
    }
    this.pending = null;
    if (!this.isCsv) this.requireNoStray(whole);
    records.push({ text: whole, line: this.line });
  }

  /** The record goes on: an unclosed CSV quote, or a backslash before the newline. */
  private isOpen(text: string): boolean {
    if (this.isCsv)
      return text.includes(this.options.quote) && isQuoteOpen(text, this.options.quote, this.options.escape);
    let backslashes = 0;
    for (let n = text.length - 1; n >= 0 && text[n] === '\\'; n--) backslashes++;
    return backslashes % 2 === 1;
  }

  private requireNoStray(text: string): void {
    if (this.style === 'cr' || !text.includes('\r')) return;
    for (let at = text.indexOf('\r'); at >= 0; at = text.indexOf('\r', at + 1)) {
      if (text[at - 1] === '\\') continue;
      throw pgError(SqlState.badCopyFileFormat, 'literal carriage return found in data', {
        hint: 'Use "\\r" to represent carriage return.',
      });
    }
  }
}

function isQuoteOpen(text: string, quote: string, escape: string): boolean {
  let inside = false;
  for (let n = 0; n < text.length; n++) {
    const character = text[n];
    if (inside && character === escape && escape !== quote && (text[n + 1] === quote || text[n + 1] === escape)) n++;
    else if (character === quote) inside = !inside;
  }
  return inside;
}
