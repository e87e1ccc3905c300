// Questions to the catalogs of 300 tables: what pg_dump, psql and drivers ask. Answers are compared line by line.
import { psqlWords, schema, tableCount, tables } from '../datasets/tables.js';
import { type Answer, type Measure, type Sample, type Site, times, type Workload } from '../workload.js';

/** Asked in a psql of its own; how often, so that psql's own start does not matter. */
const questions: Readonly<Record<string, readonly [text: string, repeats: number]>> = {
  '\\d': ['\\d', 10],
  '\\df': ['\\df', 10],
  'information_schema.columns': ["select * from information_schema.columns where table_name = 't1' order by 4;", 10],
  'information_schema.tables': [
    "select * from information_schema.tables where table_schema = 'public' order by table_name;",
    10,
  ],
  'columns as a driver asks': [
    `select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      row_number() over (partition by a.attrelid order by a.attnum), pg_get_expr(d.adbin, d.adrelid), s.description
      from pg_namespace n join pg_class c on c.relnamespace = n.oid join pg_attribute a on a.attrelid = c.oid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      left join pg_description s on s.objoid = c.oid and s.objsubid = a.attnum
      where c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped and c.relname like 't1%' order by 1, 2, 5;`,
    10,
  ],
};

export const catalogs: Workload = {
  name: 'catalogs',
  what: 'pg_dump -s of 300 tables, psql \\d+ of each, and other questions to the catalogs',
  dataset: tables,
  measures: [
    { name: 'first pg_dump -s', unit: 's', target: null, roundsMax: 1, run: dump },
    { name: 'pg_dump -s', unit: 's', target: times(1), run: dump },
    { name: '\\d+ of each', unit: 's', target: times(1), warmsUp: true, run: (site) => ask(site, describeAll(site)) },
    ...Object.entries(questions).map(
      ([name, [text, repeats]]): Measure => ({
        name,
        unit: 's',
        target: null,
        warmsUp: true,
        run: (site) => ask(site, `${text}\n`.repeat(repeats)),
      }),
    ),
    // Last: the tables that it makes are in everybody's answers.
    { name: 'restore', unit: 's', target: null, prepare: emptySchema, run: restore },
  ],
};

async function dump(site: Site): Promise<Sample> {
  const begun = performance.now();
  const text = await site.program('pg_dump', ['-s']);
  const value = (performance.now() - begun) / 1000;
  // Versions and the random words of \restrict differ.
  return { value, answer: linesOf(text, (line) => !line.startsWith('--') && !/^\\(un)?restrict /.test(line)) };
}

function describeAll(site: Site): string {
  return Array.from({ length: tableCount(site) }, (_, n) => `\\d+ t${n}\n`).join('');
}

async function ask(site: Site, script: string): Promise<Sample> {
  const begun = performance.now();
  const text = await site.program('psql', psqlWords, script);
  const value = (performance.now() - begun) / 1000;
  // The database's name is in some answers.
  return { value, answer: linesOf(text.replaceAll(site.address.database, 'DATABASE'), () => true) };
}

async function emptySchema(site: Site): Promise<void> {
  await site.query('drop schema if exists restored cascade');
  await site.query('create schema restored');
}

async function restore(site: Site): Promise<Sample> {
  const script = `set search_path = restored;\n${schema(tableCount(site))}`;
  const begun = performance.now();
  await site.program('psql', psqlWords, script);
  return { value: (performance.now() - begun) / 1000 };
}

function linesOf(text: string, isCompared: (line: string) => boolean): Answer {
  const rows = text
    .split('\n')
    .filter(isCompared)
    .map((line) => [line]);
  return { columns: [{ name: 'line', type: 25 }], rows };
}
