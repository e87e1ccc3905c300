// A million rows of sixteen mixed columns, with nulls and characters that COPY has to escape.
import { createHash } from 'node:crypto';
import { dataFile } from '../data-file.js';
import { randomNumbers } from '../random.js';
import type { Size } from '../size.js';
import type { Dataset } from '../workload.js';

const fullRows = 1_000_000;
const version = 1;

export const mixedColumns = `id int primary key, big bigint not null, small smallint, price numeric(12,2), ratio float8,
  part float4, is_open boolean, kind varchar(20), code char(8), note text, day date, at timestamp, at_zone timestamptz,
  key uuid, extra jsonb, raw bytea`;

export const mixed: Dataset = {
  name: 'mixed',
  setUp: async (site) => {
    await site.query(`create table mixed (${mixedColumns})`);
  },
};

/** The rows as COPY's text format. */
export function mixedFile(size: Size): string {
  const rows = size.of(fullRows);
  return dataFile(`mixed-${version}-${rows}.copy`, () => lines(rows));
}

function* lines(rows: number): Generator<string> {
  const random = randomNumbers(2);
  for (let id = 1; id <= rows; id++) {
    const orNull = (text: string) => (random(1, 12) === 1 ? '\\N' : text);
    const date = `20${two(random(0, 24))}-${two(random(1, 12))}-${two(random(1, 28))}`;
    const time = `${two(random(0, 23))}:${two(random(0, 59))}:${two(random(0, 59))}`;
    const hash = createHash('md5').update(String(id)).digest('hex');
    yield [
      id,
      BigInt(random(1, 1 << 30)) * 8191n,
      orNull(String(random(-32_000, 32_000))),
      orNull(`${random(0, 9_999_999)}.${two(random(0, 99))}`),
      orNull(String(random(-1_000_000, 1_000_000) / 1024)),
      orNull(String(random(-4096, 4096) / 8)),
      orNull(random(0, 1) === 0 ? 't' : 'f'),
      orNull(`kind ${random(1, 500)}`),
      orNull(hash.slice(0, random(3, 8))),
      orNull(note(id, random)),
      orNull(date),
      orNull(`${date} ${time}.${random(100, 999)}`),
      orNull(`${date} ${time}+00`),
      orNull(hash),
      orNull(`{"id": ${id}, "tags": ["a", "${hash.slice(0, 4)}"], "deep": {"n": ${random(1, 99)}}}`),
      orNull(`\\\\x${hash.slice(0, 2 * random(0, 12))}`),
    ].join('\t');
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Mostly plain text, now and then with what must be escaped or takes more than one byte. */
function note(id: number, random: (least: number, most: number) => number): string {
  const kind = random(1, 20);
  if (kind === 1) return `tab\\there, line\\nthere ${id}`;
  if (kind === 2) return `Größe ${id} λόγος`;
  return `a note of no great length about row ${id} `.repeat(random(1, 3)).trim();
}
