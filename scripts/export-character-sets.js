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
    case 'GB18030':
      // Characters beyond the basic plane follow a formula.
      return `${singles} union all ${pairs} union all select ${hex('a', 'c', 'd', 'e')} from ${range(129, 132)} a, ${range(48, 57)} c, ${range(129, 254)} d, ${range(48, 57)} e`;
    case 'EUC_TW':
      return `${singles} union all ${pairs} union all select ${hex('142', 'a', 'c', 'd')} from ${range(161, 176)} a, ${range(161, 254)} c, ${range(161, 254)} d`;
    case 'MULE_INTERNAL':
      return `select ${hex('a', 'c')} as b from ${range(129, 141)} a, ${range(128, 255)} c union all ${triples('144,145,146,147,148,149,150')}
        union all select ${hex('157', 'a', 'c', 'd')} from ${range(245, 252)} a, ${range(161, 254)} c, ${range(161, 254)} d`;
    default:
      return /^(SJIS|SHIFT_JIS_2004|BIG5|EUC_CN|EUC_KR|GBK|UHC)$/.test(encoding)
        ? `${singles} union all ${pairs}`
        : singles;
  }
}

async function tableOf(from, to) {
  const source =
    from === 'UTF8'
      ? `select convert_to(chr(i), 'UTF8') as b from ${range(128, to === 'GB18030' ? 0xffff : 0x2ffff)} i where i not between 55296 and 57343`
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
  if (source === 'UTF8') continue;
  const entries = await tableOf(source, target);
  write(`${source}>${target}`, entries);
  if (target === 'UTF8') write(`UTF8>${source}`, differences(entries, await tableOf('UTF8', source)));
}

function write(name, entries) {
  const data = brotliCompressSync(packed(entries), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
  });
  console.log(name, entries.length, data.length);
  lines.push(`  '${name}': '${data.toString('base64')}',`);
}

/** What the way back has other than the way there: other codes, or 0 for none. The first code of a character counts. */
function differences(there, back) {
  const expected = new Map();
  for (const [code, character] of there) if (!expected.has(character)) expected.set(character, code);
  const actual = new Map(back);
  const changed = back.filter(([character, code]) => expected.get(character) !== code);
  for (const character of expected.keys()) {
    if (character < 2 ** 21 && !actual.has(character)) changed.push([character, 0]);
  }
  return changed.sort((left, right) => left[0] - right[0]);
}

await client.end();
writeFileSync(
  new URL('../src/types/generated/character-sets.ts', import.meta.url),
  `// What PostgreSQL's conversions map to what, by 'source>target'; of UTF8 only what differs from the way back turned round. Written by scripts/export-character-sets.js.
export const conversionTables: Readonly<Record<string, string | undefined>> = {
${lines.join('\n')}
};
`,
);
