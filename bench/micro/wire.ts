// Times rows becoming DataRow messages, in text and in binary form.
import { ByteWriter } from '../../src/base/bytes.js';
import type { Row, Value } from '../../src/types/value.js';
import { bench } from '../../src/executor/test-bench.js';
import { rowEncoder } from '../../src/wire/row-encoder.js';
import { perCall, report } from './figures.js';

const typeOids = { int4: 23, int8: 20, text: 25, bool: 16, float8: 701, timestamptz: 1184 } as const;
const shapes: Readonly<Record<string, readonly [keyof typeof typeOids, Value][]>> = {
  int4: [['int4', 123456]],
  '4 int4': Array.from({ length: 4 }, (_, n) => ['int4', 1000 * n + 17] as [keyof typeof typeOids, Value]),
  'int8 text bool float8 timestamptz': [
    ['int8', 12345678901234n],
    ['text', 'a somewhat longer text'],
    ['bool', true],
    ['float8', 1234.5678],
    ['timestamptz', 812345678901234n],
  ],
};
/** The bytes of so many rows go out together. */
const rowsBetweenWrites = 1000;

/** Prints nanoseconds of one row. */
export async function measureWire(): Promise<void> {
  const { catalog } = await bench();
  for (const [name, columns] of Object.entries(shapes)) {
    const row: Row = columns.map(([, value]) => value);
    for (const [format, word] of ['text', 'binary'].entries()) {
      const encoder = rowEncoder(columns.map(([type]) => ({ type: catalog.typeByOid(typeOids[type]), format })));
      const writer = new ByteWriter();
      const nanoseconds = perCall((index) => {
        encoder.row(row, writer, catalog.io);
        if (index % rowsBetweenWrites === 0) writer.truncate(0);
      });
      report(`${name}: ${word}`, nanoseconds, 'ns a row');
    }
  }
}
