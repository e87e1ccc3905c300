// INSERT, UPDATE, DELETE, TRUNCATE and what else touches rows: what constraints, defaults and rewrites are tried on.
import type { Source } from '../queries/source.js';
import { type Inventory, relationOf, someColumn } from './inventory.js';

const values = ['1', '2', '3', 'null', 'default', "'x'", "'1'", "'{}'", 'true', "'2020-01-01'"];

/** A statement on rows; what it answers does not depend on the order of rows. */
export function dataStatement(source: Source, inventory: Inventory): string {
  const relation = relationOf(source, inventory, source.chance(0.8) ? 'r' : 'v');
  const column = someColumn(source, inventory, relation);
  const other = someColumn(source, inventory, relation);
  const value = () => source.pick(values);
  return source.either<string>([
    [6, () => `insert into ${relation} values (${Array.from({ length: 1 + source.below(4) }, value).join(', ')})`],
    [
      4,
      () => `insert into ${relation} (${column}, ${other}) values (${value()}, ${value()}), (${value()}, ${value()})`,
    ],
    [2, () => `insert into ${relation} default values`],
    [
      2,
      () =>
        `insert into ${relation} (${column}) values (${value()}) on conflict ${source.pick(['do nothing', `(${other}) do nothing`, `(${column}) do update set ${other} = excluded.${other}`])}`,
    ],
    [
      2,
      () =>
        `insert into ${relation} (${column}) overriding ${source.pick(['system', 'user'])} value values (${value()})`,
    ],
    [
      3,
      () => `update ${relation} set ${column} = ${value()}${source.chance(0.4) ? ` where ${other} is not null` : ''}`,
    ],
    [2, () => `delete from ${relation}${source.chance(0.7) ? ` where ${column}::text = '1'` : ''}`],
    [1, () => `truncate ${relation}${source.pick(['', ' restart identity', ' cascade', ' restrict'])}`],
    [
      1,
      () =>
        `merge into ${relation} t using (values (1)) v(i) on t.${column}::text = v.i::text when matched then ${source.pick(['delete', `update set ${other} = default`, 'do nothing'])} when not matched then insert (${column}) values (${source.pick(['v.i', 'default', 'null'])})`,
    ],
    [
      1,
      () =>
        source.pick([
          `analyze ${relation}`,
          `vacuum ${relation}`,
          `reindex table ${relation}`,
          `cluster ${relation}`,
          `refresh materialized view ${relationOf(source, inventory, 'm')}`,
          `lock table ${relation}`,
        ]),
    ],
    [1, () => `select count(*) from ${relation}`],
  ]);
}
