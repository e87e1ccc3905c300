// Loading and unloading a table of sixteen mixed columns.
import { createHash } from 'node:crypto';
import { mixed, mixedColumns, mixedFile } from '../datasets/mixed.js';
import { RawConnection } from '../raw-connection.js';
import { type Answer, type Site, times, type Workload } from '../workload.js';

export const copyIn: Workload = {
  name: 'copy-in',
  what: 'COPY of 1 M rows of 16 mixed columns into a table with a primary key',
  dataset: mixed,
  measures: [
    {
      name: 'text',
      unit: 's',
      target: times(3),
      prepare: recreate,
      run: async (site) => {
        const connection = await RawConnection.connect(site.address);
        const begun = performance.now();
        await connection.copyIn('copy mixed from stdin', mixedFile(site.size));
        const value = (performance.now() - begun) / 1000;
        connection.close();
        return { value };
      },
      check: sums,
    },
  ],
};

export const copyOut: Workload = {
  name: 'copy-out',
  what: 'COPY of 1 M rows of 16 mixed columns to the client',
  dataset: mixed,
  measures: [
    {
      name: 'text',
      unit: 's',
      target: times(2),
      warmsUp: true,
      prepare: fill,
      run: async (site) => {
        const connection = await RawConnection.connect(site.address);
        const begun = performance.now();
        const { rows, bytes } = await connection.run('copy mixed to stdout');
        const value = (performance.now() - begun) / 1000;
        connection.close();
        return { value, answer: answerOf([rows, bytes]) };
      },
      check: async (site) => {
        const hash = createHash('sha256');
        const text = await site.program('psql', [
          '-X',
          '-c',
          'copy (select * from mixed order by id limit 10000) to stdout',
        ]);
        return answerOf([hash.update(text).digest('hex')]);
      },
    },
  ],
};

async function recreate(site: Site): Promise<void> {
  await site.query('drop table if exists mixed');
  await site.query(`create table mixed (${mixedColumns})`);
}

/** Loads the table unless its rows are there. */
async function fill(site: Site): Promise<void> {
  const { rows } = await site.query('select 1 from mixed limit 1');
  if (rows.length > 0) return;
  const connection = await RawConnection.connect(site.address);
  await connection.copyIn('copy mixed from stdin', mixedFile(site.size));
  connection.close();
}

function sums(site: Site): Promise<Answer> {
  return site.query(`select count(*), sum(id), sum(big), sum(small), sum(price), sum(ratio), sum(part), count(*) filter
    (where is_open), sum(length(kind)), max(code), sum(octet_length(note)), max(day), max(at), max(at_zone),
    count(distinct key), sum((extra->>'id')::int), sum(length(raw)) from mixed`);
}

function answerOf(values: readonly (string | number)[]): Answer {
  return { columns: values.map((_, n) => ({ name: `value ${n}`, type: 25 })), rows: [values.map(String)] };
}
