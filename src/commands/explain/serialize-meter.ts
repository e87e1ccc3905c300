// EXPLAIN (SERIALIZE): rows are turned into the messages that a client would get, and only their size and the time are
// kept.
import { ByteWriter } from '../../base/bytes.js';
import type { Execution } from '../../executor/api.js';
import type { IoContext } from '../../types/io-context.js';
import type { Row } from '../../types/value.js';

export type SerializeFormat = 'text' | 'binary';

export class SerializeMeter {
  elapsedMs = 0;
  private bytes = 0;
  private readonly writer = new ByteWriter();

  constructor(
    private readonly columns: Execution['columns'],
    private readonly format: SerializeFormat,
    private readonly io: IoContext,
  ) {}

  /** Size of all messages' contents. */
  get kilobytes(): number {
    return Math.ceil(this.bytes / 1024);
  }

  add(rows: readonly Row[]): void {
    const started = performance.now();
    for (const row of rows) {
      // A count of columns, then for each its length and its value.
      this.bytes += 2 + 4 * this.columns.length;
      this.columns.forEach(({ type }, n) => {
        const value = row[n] ?? null;
        if (value === null) return;
        if (this.format === 'text') this.bytes += Buffer.byteLength(type.behaviour.output(value, type, this.io));
        else {
          this.writer.reset();
          type.behaviour.send(value, type, this.writer, this.io);
          this.bytes += this.writer.length;
        }
      });
    }
    this.elapsedMs += performance.now() - started;
  }
}
