// A schema of 300 tables with keys, foreign keys, indexes, checks, defaults, comments and views.
import type { Dataset, Site } from '../workload.js';

const fullTables = 300;

export const tables: Dataset = {
  name: 'tables',
  setUp: async (site) => {
    await site.program('psql', psqlWords, schema(tableCount(site)));
  },
};

export const psqlWords: readonly string[] = ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1'];

/** How many tables there are. */
export function tableCount(site: Site): number {
  return site.size.of(fullTables);
}

/** The schema as a script of psql. */
export function schema(count: number): string {
  const lines = ["create type mood as enum ('sad', 'ok'); create domain amount as int check (value > 0);"];
  for (let n = 0; n < count; n++) {
    const key = n % 2 === 0 ? 'id bigint generated always as identity primary key' : 'id bigserial primary key';
    const parent = n < 3 ? '' : `, parent bigint references t${n - 3} on delete cascade`;
    lines.push(
      `create table t${n} (${key}, name text not null default 'n${n}', price numeric(10,2) default 0 check (price >= 0),
        at timestamptz not null default now(), tags text[] default '{}', kind varchar(20), feel mood default 'ok',
        many amount${parent}, constraint t${n}_name check (length(name) < ${n + 100}), unique (name, kind));`,
      `create index on t${n} (at desc, lower(name)); create index on t${n} (price) where price > ${n};`,
      `comment on table t${n} is 'table ${n}'; comment on column t${n}.name is 'name of ${n}';`,
    );
    if (n % 3 === 0) lines.push(`create view v${n} as select id, upper(kind) as kind from t${n} where price > 10;`);
  }
  return lines.join('\n');
}
