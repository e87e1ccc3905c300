// Writes src/types/generated/character-sets.ts: which codes PostgreSQL's conversions map to which, asked of a running
// server whose encoding is UTF8. A table is a list of runs of consecutive codes, as variable-length numbers, compressed.
// Usage: node scripts/export-character-sets.js [port] [database]
import { writeFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';
import pg from 'pg';

const client = new pg.Client({
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? 5432),
  user: 'postgres',
  database: process.argv[3] ?? 'postgres',
});
await client.connect();
await client.query(`create function pg_temp.try_convert(bytes bytea, source name, target name) returns bytea language plpgsql as
  'begin return convert(bytes, source, target); exception when others then return null; end'`);

/** Sets beyond the runtime's decoders: their tables to and from UTF8. */
const unicodeSets = ['EUC_TW', 'JOHAB', 'EUC_JIS_2004', 'SHIFT_JIS_2004'];

const range = (from, to) => `generate_series(${from}, ${to})`;
const hex = (...parts) => `decode(${parts.map((part) => `lpad(to_hex(${part}), 2, '0')`).join(' || ')}, 'hex')`;
const singles = `select ${hex('a')} as b from ${range(128, 255)} a`;
const pairs = `select ${hex('a', 'c')} from ${range(128, 255)} a, ${range(64, 255)} c`;
const triples = (leads) =>
  `select ${hex('a', 'c', 'd')} from unnest(array[${leads}]) a, ${range(128, 255)} c, ${range(128, 255)} d`;

function candidates(encoding) {
  switch (encoding) {
    case 'EUC_JP':
    case 'EUC_JIS_2004':
    case 'JOHAB':
      return `${singles} union all ${pairs} union all ${triples('143')}`;
    case 'EUC_TW':
      return `${singles} union all ${pairs} union all select ${hex('142', 'a', 'c', 'd')} from ${range(161, 176)} a, ${range(161, 254)} c, ${range(161, 254)} d`;
    case 'MULE_INTERNAL':
      return `select ${hex('a', 'c')} as b from ${range(129, 141)} a, ${range(128, 255)} c union all ${triples('144,145,146,147,148,149,150')}
        union all select ${hex('157', 'a', 'c', 'd')} from ${range(245, 252)} a, ${range(161, 254)} c, ${range(161, 254)} d`;
    default:
      return /^(SJIS|SHIFT_JIS_2004|BIG5|EUC_CN|EUC_KR)$/.test(encoding) ? `${singles} union all ${pairs}` : singles;
  }
}

async function tableOf(from, to) {
  const source =
    from === 'UTF8'
      ? `select convert_to(chr(i), 'UTF8') as b from ${range(128, 0x2ffff)} i where i not between 55296 and 57343`
      : candidates(from);
  const { rows } = await client.query(
    `select b, r from (select b, pg_temp.try_convert(b, $1, $2) as r from (${source}) c) x where r is not null`,
    [from, to],
  );
  const entries = rows.map(({ b, r }) => [codeOf(b, from), codeOf(r, to)]);
  return entries.sort((left, right) => left[0] - right[0]);
}

/** Bytes as one number; of UTF8 the code point, two of them as first * 2^21 + second. */
function codeOf(bytes, encoding) {
  if (encoding !== 'UTF8') return bytes.reduce((code, byte) => code * 256 + byte, 0);
  return [...bytes.toString('utf8')].reduce((code, character) => code * 2 ** 21 + character.codePointAt(0), 0);
}

function packed(entries) {
  const bytes = [];
  const number = (value) => {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  let [lastFrom, lastTo] = [0, 0];
  for (let at = 0; at < entries.length; ) {
    const [from, to] = entries[at];
    let length = 1;
    while (
      at + length < entries.length &&
      entries[at + length][0] === from + length &&
      entries[at + length][1] === to + length
    )
      length++;
    number(from - lastFrom);
    number(length);
    number(to >= lastTo ? (to - lastTo) * 2 : (lastTo - to) * 2 - 1);
    lastFrom = from + length;
    lastTo = to + length;
    at += length;
  }
  return Buffer.from(bytes);
}

const conversions =
  await client.query(`select pg_encoding_to_char(conforencoding) as source, pg_encoding_to_char(contoencoding) as target
  from pg_conversion where condefault and connamespace = 11 order by 1, 2`);
const lines = [];
for (const { source, target } of conversions.rows) {
  const isBetweenSets = source !== 'UTF8' && target !== 'UTF8';
  if (!isBetweenSets && !unicodeSets.includes(source) && !unicodeSets.includes(target)) continue;
  const entries = await tableOf(source, target);
  const data = brotliCompressSync(packed(entries), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
  });
  console.log(source, target, entries.length, data.length);
  lines.push(`  '${source}>${target}': '${data.toString('base64')}',`);
}
await client.end();
writeFileSync(
  new URL('../src/types/generated/character-sets.ts', import.meta.url),
  `// What PostgreSQL's conversions map to what, by 'source>target'. Written by scripts/export-character-sets.js.
export const conversionTables: Readonly<Record<string, string | undefined>> = {
${lines.join('\n')}
};
`,
);
