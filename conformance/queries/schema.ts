// The tables that generated queries read: small, with NULLs and duplicates, with and without indexes and statistics, one
// larger, one family of inheritance, one view. Rows come from the seed.
import { Source } from './source.js';

export type Type = 'int' | 'numeric' | 'text' | 'bool' | 'int[]' | 'date';

export interface Column {
  readonly name: string;
  readonly type: Type;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: number;
  /** Columns that bear integers worth joining by. */
  readonly share: number;
  /** Can be locked and named as a whole row. */
  readonly isTable: boolean;
  readonly after: readonly string[];
}

function columns(text: string): Column[] {
  return text.split(', ').map((item) => {
    const [name = '', type = ''] = item.split(' ');
    return { name, type: type as Type };
  });
}

export const tables: readonly Table[] = [
  {
    name: 't0',
    columns: columns('k int, a int, b int, c text, d numeric, e bool, f int[], g date'),
    rows: 30,
    share: 4,
    isTable: true,
    after: ['alter table t0 add primary key (k)', 'create index on t0 (a)', 'analyze t0'],
  },
  { name: 't1', columns: columns('k int, a int, b int, c text'), rows: 20, share: 4, isTable: true, after: [] },
  {
    name: 't2',
    columns: columns('k int, a int, b int, c text, d numeric'),
    rows: 40,
    share: 4,
    isTable: true,
    after: ['create unique index on t2 (k, a)', 'create index on t2 (c desc nulls last, b)', 'analyze t2'],
  },
  {
    name: 't3',
    columns: columns('k int, c text, e bool, g date'),
    rows: 15,
    share: 4,
    isTable: true,
    after: ['alter table t3 add primary key (k)', 'create index on t3 (lower(c))', 'create index on t3 (g) where e'],
  },
  { name: 't4', columns: columns('a int, c text'), rows: 0, share: 1, isTable: true, after: [] },
  {
    name: 't5',
    columns: columns('k int, a int, b int, c text, d numeric'),
    rows: 250,
    share: 2,
    isTable: true,
    after: [
      'alter table t5 add primary key (k)',
      'create index on t5 (a)',
      'create index on t5 (b, c)',
      'create index on t5 (a) where b > 5',
      'create index on t5 using hash (c)',
      'analyze t5',
    ],
  },
  {
    name: 'p0',
    columns: columns('k int, a int, c text'),
    rows: 8,
    share: 2,
    isTable: true,
    after: [
      'create table p1 (x int) inherits (p0)',
      'create table p2 () inherits (p0)',
      'insert into p1 select k + 100, a + 1, c, a from p0',
      'insert into p2 select k + 200, a * 2, c from p0 where a is not null',
      'create index on p0 (a)',
      'create index on p1 (a)',
      'create index on p2 (a)',
      'analyze p0',
    ],
  },
  { name: 'v0', columns: columns('a int, n int, m text'), rows: -1, share: 1, isTable: false, after: [] },
  { name: 'v1', columns: columns('k int, b int, s text'), rows: -1, share: 1, isTable: false, after: [] },
];

const words = ['', 'a', 'b', 'B', 'ab', 'abc', 'x', 'xy', 'Zz', 'é', 'foo', 'bar'];

/** A literal of a type, never NULL. */
export function constant(type: Type, source: Source): string {
  switch (type) {
    case 'int':
      return String(source.below(source.chance(0.2) ? 100 : 12) - (source.chance(0.1) ? 20 : 0));
    case 'numeric':
      return `${source.below(20)}.${10 + source.below(90)}`;
    case 'text':
      return `'${source.pick(words)}'`;
    case 'bool':
      return source.pick(['true', 'false']);
    case 'int[]':
      return `'{${source.some([1, 2, 3, 'NULL', 5], source.below(4)).join(',')}}'::int[]`;
    case 'date':
      return `date '2024-0${1 + source.below(3)}-0${1 + source.below(9)}'`;
  }
}

function row(table: Table, number: number, source: Source): string {
  const values = table.columns.map(({ name, type }) => {
    if (name === 'k') return String(number);
    if (source.chance(0.12)) return 'null';
    return table.rows > 100 && type === 'int' ? String(source.below(60)) : constant(type, source);
  });
  return `(${values.join(', ')})`;
}

const views = [
  'create view v0 as select a, count(*)::int as n, max(c) as m from t2 group by a',
  'create view v1 as select x.k, y.b, x.c || y.c as s from t0 x left join t1 y on x.a = y.a where x.e is not false',
];

/** The statements that make and fill the tables. */
export function schemaStatements(seed: number): string[] {
  const source = new Source(seed);
  const statements: string[] = ['drop schema if exists q cascade', 'create schema q', 'set search_path = q'];
  for (const table of tables) {
    if (table.rows < 0) continue;
    const list = table.columns.map(({ name, type }) => `${name} ${type === 'numeric' ? 'numeric(8,2)' : type}`);
    statements.push(`create table ${table.name} (${list.join(', ')})`);
    const rows: string[] = [];
    for (let number = 1; number <= table.rows; number++) rows.push(row(table, number, source));
    if (rows.length > 0) statements.push(`insert into ${table.name} values ${rows.join(', ')}`);
    statements.push(...table.after);
  }
  return [...statements, ...views];
}
