// Three million rows in the shape of TPC-H's lineitem: the table that analytics, scans and index builds are measured on.
// Made here and not by the generator of TPC-H, so that it needs no tool and has the size that the targets name.
import { dataFile } from '../data-file.js';
import { randomNumbers } from '../random.js';
import { RawConnection } from '../raw-connection.js';
import type { Size } from '../size.js';
import type { Dataset } from '../workload.js';

const fullRows = 3_000_000;
const fullParts = 200_000;
const version = 1;
const dayMs = 86_400_000;
const firstDay = Date.UTC(1992, 0, 2) / dayMs;

const columns = `l_orderkey int not null, l_partkey int not null, l_suppkey int not null, l_linenumber int not null,
  l_quantity numeric(15,2) not null, l_extendedprice numeric(15,2) not null, l_discount numeric(15,2) not null,
  l_tax numeric(15,2) not null, l_returnflag char(1) not null, l_linestatus char(1) not null, l_shipdate date not null,
  l_commitdate date not null, l_receiptdate date not null, l_shipinstruct char(25) not null, l_shipmode char(10) not null,
  l_comment varchar(44) not null`;

const instructions = ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'];
const modes = ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'];
const words =
  'carefully final requests sleep furiously quick deposits ironic packages above the blithely even accounts haggle pending theodolites cajole slyly regular instructions bold foxes nag express asymptotes unusual dolphins detect silent abcess pearls wake special ideas along dogged platelets'.split(
    ' ',
  );

export const items: Dataset = {
  name: 'items',
  setUp: async (site) => {
    await site.query(`create table items (${columns})`);
    const connection = await RawConnection.connect(site.address);
    await connection.copyIn("copy items from stdin with (delimiter '|')", itemsFile(site.size));
    connection.close();
    await site.query('vacuum analyze items');
  },
  duckdb: async (database, size) => {
    await database.run(`create table items (${columns.replaceAll(/\bchar\(\d+\)/g, 'varchar')})`);
    await database.run(`copy items from '${itemsFile(size)}' (delimiter '|', header false, quote '')`);
  },
};

function itemsFile(size: Size): string {
  const rows = size.of(fullRows);
  return dataFile(`items-${version}-${rows}.tbl`, () => lines(rows, size.of(fullParts)));
}

function* lines(rows: number, parts: number): Generator<string> {
  const random = randomNumbers(1);
  let order = 1;
  let line = 0;
  let ordered = firstDay;
  for (let count = 0; count < rows; count++) {
    if (line === 0 || line >= 7 || random(1, 4) === 1) {
      order += line === 0 ? 0 : random(1, 4);
      line = 0;
      ordered = firstDay + random(0, 2400);
    }
    line += 1;
    const quantity = random(1, 50);
    const price = quantity * random(90_000, 200_000);
    const shipped = ordered + random(1, 121);
    const isOld = shipped <= firstDay + 1260;
    const place = [order, random(1, parts), random(1, Math.max(1, Math.round(parts / 20))), line].join('|');
    const money = [`${quantity}.00`, decimal(price), decimal(random(0, 10)), decimal(random(0, 8))].join('|');
    const flags = [isOld ? (random(0, 1) === 0 ? 'R' : 'A') : 'N', isOld ? 'F' : 'O'].join('|');
    const days = [shipped, ordered + random(30, 90), shipped + random(1, 30)].map(day).join('|');
    const way = [pick(instructions, random), pick(modes, random)].join('|');
    yield `${place}|${money}|${flags}|${days}|${way}|${comment(random)}`;
  }
}

function decimal(hundredths: number): string {
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`;
}

const days = new Map<number, string>();

function day(number: number): string {
  const known = days.get(number);
  if (known !== undefined) return known;
  const text = new Date(number * dayMs).toISOString().slice(0, 10);
  days.set(number, text);
  return text;
}

function pick(from: readonly string[], random: (least: number, most: number) => number): string {
  return from[random(0, from.length - 1)] ?? '';
}

/** 10 to 43 letters, begun anywhere in a word as TPC-H's are. */
function comment(random: (least: number, most: number) => number): string {
  const length = random(10, 43);
  let text = pick(words, random);
  while (text.length < length + 3) text += ` ${pick(words, random)}`;
  return text.slice(random(0, 3)).slice(0, length).trim();
}
