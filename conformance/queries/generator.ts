// Random SELECTs over the schema: FROM with joins of all kinds, LATERAL, VALUES, functions and CTEs; WHERE, grouping,
// grouping sets, DISTINCT, set operations, ORDER BY with LIMIT. A LIMIT only stands behind an order by all columns, so
// that the rows of an answer are determined; the order is only where `isOrdered`.
import { condition, expression, type Reference, type Scope } from './expressions.js';
import { type Column, constant, type Table, tables, type Type } from './schema.js';
import { Source } from './source.js';

export interface GeneratedQuery {
  readonly sql: string;
  readonly isOrdered: boolean;
}

interface Relation {
  readonly alias: string;
  readonly columns: readonly Column[];
  readonly isTable: boolean;
}

interface Cte {
  readonly name: string;
  readonly columns: readonly Column[];
}

interface Level {
  readonly depth: number;
  readonly outer: readonly Reference[];
  readonly ctes: readonly Cte[];
}

interface Joined {
  readonly sql: string;
  readonly relations: readonly Relation[];
}

const allTypes: readonly Type[] = ['int', 'int', 'text', 'numeric', 'bool', 'int[]', 'date'];

/** The query of a seed. */
export function generateQuery(seed: number): GeneratedQuery {
  const generator = new Generator(new Source(seed));
  return generator.statement();
}

class Generator {
  constructor(private readonly source: Source) {}

  statement(): GeneratedQuery {
    const { source } = this;
    const level: Level = { depth: source.pick([0, 1, 1, 2]), outer: [], ctes: [] };
    const types = this.types(1 + this.source.below(4));
    const sql = this.query(level, types);
    return {
      sql,
      isOrdered: / order by [\d, a-z]+( limit \d+)?( offset \d+)?( fetch .*)?$/.test(sql) && this.endsOrdered,
    };
  }

  private endsOrdered = false;

  private types(count: number): Type[] {
    return Array.from({ length: count }, () => this.source.pick(allTypes));
  }

  /** A whole query: WITH, set operations, ORDER BY, LIMIT. */
  private query(level: Level, types: readonly Type[]): string {
    const { source } = this;
    const made: Cte[] = [];
    const texts: string[] = [];
    let isRecursive = false;
    for (let count = source.chance(0.15) && level.depth > 0 ? 1 + source.below(2) : 0; count > 0; count--) {
      const name = source.alias('w');
      const inner = { ...level, depth: level.depth - 1, ctes: [...level.ctes, ...made] };
      if (source.chance(0.3)) {
        isRecursive = true;
        texts.push(this.recursive(name, inner));
        made.push({
          name,
          columns: [
            { name: 'n', type: 'int' },
            { name: 'x', type: 'text' },
          ],
        });
      } else {
        const columns = this.types(1 + source.below(3)).map((type, at) => ({ name: `c${at}`, type }));
        const mark = source.pick(['', '', ' materialized', ' not materialized']);
        const body = this.query(
          inner,
          columns.map(({ type }) => type),
        );
        texts.push(`${name}(${columns.map((column) => column.name).join(', ')}) as${mark} (${body})`);
        made.push({ name, columns });
      }
    }
    const prefix = texts.length === 0 ? '' : `with ${isRecursive ? 'recursive ' : ''}${texts.join(', ')} `;
    const full = { ...level, ctes: [...level.ctes, ...made] };
    const body = source.chance(0.15) ? this.setOperation(full, types) : this.select(full, types);
    const tail = body.isClosed ? '' : this.tail(types.length, level.depth);
    this.endsOrdered = tail !== '';
    return `${prefix}${body.sql}${tail}`;
  }

  private recursive(name: string, level: Level): string {
    const { source } = this;
    const all = source.pick(['union', 'union all']);
    if (source.chance(0.5)) {
      const table = source.pick(['t0', 't1', 't2']);
      return `${name}(n, x) as (select ${this.scalar('int', level)}, 'r'::text ${all} select ${name}.n + 1, ${table}.c from ${name}, ${table} where ${table}.k = ${name}.n and ${name}.n < 8)`;
    }
    return `${name}(n, x) as (select 1, ${constant('text', source)}::text ${all} select n + 1, x || 'z' from ${name} where n < ${2 + source.below(4)})`;
  }

  private scalar(type: Type, level: Level): string {
    const outer = level.outer.filter((column) => column.type === type);
    return outer.length > 0 && this.source.chance(0.3) ? this.source.pick(outer).sql : constant(type, this.source);
  }

  private tail(count: number, depth: number): string {
    const { source } = this;
    if (source.chance(depth === 2 ? 0.5 : 0.7)) return '';
    const order = source.some(
      Array.from({ length: count }, (_, at) => at + 1),
      count,
    );
    const keys = order.map((at) => `${at}${source.pick(['', ' desc', ' nulls first'])}`).join(', ');
    return ` order by ${keys}${source.pick(['', ' limit 3', ' limit 7', ' offset 2', ' limit 2 offset 1', ' limit 0', ' fetch first 2 rows with ties', ' limit 1'])}`;
  }

  private setOperation(level: Level, types: readonly Type[]): { sql: string; isClosed: boolean } {
    const { source } = this;
    const arm = () => {
      if (source.chance(0.15)) return `values ${this.valuesRows(types, 3)}`;
      return source.chance(0.15)
        ? `(${this.setOperation(level, types).sql})`
        : `(${this.query({ ...level, depth: level.depth - 1 }, types)})`;
    };
    let sql = arm();
    for (let more = 1 + source.below(2); more > 0; more--)
      sql += ` ${source.pick(['union', 'union all', 'intersect', 'except', 'intersect all', 'except all'])} ${arm()}`;
    return { sql, isClosed: false };
  }

  private valuesRows(types: readonly Type[], count: number): string {
    const { source } = this;
    const row = () =>
      `(${types.map((type) => (source.chance(0.1) ? `null::${type}` : constant(type, source))).join(', ')})`;
    return Array.from({ length: 1 + source.below(count) }, row).join(', ');
  }

  /** One SELECT with the wanted output types. */
  private select(level: Level, types: readonly Type[]): { sql: string; isClosed: boolean } {
    const { source } = this;
    const from = source.chance(0.03) ? { sql: '', relations: [] } : this.from(level);
    const columns = references(from.relations);
    const plain = this.scope(level, columns, from.relations, null, false);
    const where = source.chance(0.6) ? ` where ${condition(plain, 2)}` : '';
    const head = from.sql === '' ? '' : ` from ${from.sql}`;
    if (from.sql !== '' && source.chance(0.35)) {
      return { sql: this.grouped(level, types, columns, `${head}${where}`), isClosed: false };
    }
    const scope = this.scope(level, columns, from.relations, null, source.chance(0.3));
    const targets = types.map((type) => expression(type, scope, 2));
    if (source.chance(0.08) && types.length > 1) {
      const rest = types.map((_, at) => at + 1);
      return {
        sql: `select distinct on ((${targets[0]})) ${targets.join(', ')}${head}${where} order by ${rest.join(', ')}`,
        isClosed: true,
      };
    }
    const distinct = source.chance(0.15) ? 'distinct ' : '';
    const lock =
      level.outer.length === 0 &&
      distinct === '' &&
      !scope.windows &&
      from.relations.length === 1 &&
      from.relations[0]?.isTable === true &&
      source.chance(0.2)
        ? source.pick([' for update', ' for share', ' for no key update skip locked'])
        : '';
    return { sql: `select ${distinct}${targets.join(', ')}${head}${where}${lock}`, isClosed: lock !== '' };
  }

  private grouped(level: Level, types: readonly Type[], columns: readonly Reference[], body: string): string {
    const { source } = this;
    const plain = this.scope(level, columns, [], null, false);
    const keys: Reference[] = source.some(columns, source.below(4));
    if (source.chance(0.2)) {
      const type = source.pick(allTypes);
      // Refers to columns, else it is a constant and no grouping key.
      if (columns.some((column) => column.type === type))
        keys.push({ type, sql: expression(type, { ...plain, outer: [], subquery: null }, 1) });
    }
    const usable = keys.filter(({ sql }) => /[a-z]\d+\.[a-z]/.test(sql));
    const scope = this.scope(level, usable, [], columns, source.chance(0.15));
    const targets = types.map((type) => expression(type, scope, 2));
    const having = source.chance(0.2) ? ` having ${condition({ ...scope, windows: false }, 1)}` : '';
    const by =
      usable.length === 0
        ? source.pick(['', '', ' group by ()'])
        : ` group by ${this.groupingClause(usable.map(({ sql }) => sql))}`;
    return `select ${source.chance(0.05) ? 'distinct ' : ''}${targets.join(', ')}${body}${by}${having}`;
  }

  private groupingClause(keys: readonly string[]): string {
    const { source } = this;
    const list = keys.join(', ');
    return source.either<string>([
      [4, () => list],
      [1, () => `rollup (${list})`],
      [1, () => `cube (${list})`],
      [1, () => `grouping sets ((${list}), (${source.pick(keys)}), ())`],
      [0.5, () => `grouping sets (${keys.map((key) => `(${key})`).join(', ')})`],
      [0.5, () => `${source.pick(['', 'distinct '])}rollup (${list}), cube (${source.pick(keys)})`],
    ]);
  }

  private scope(
    level: Level,
    columns: readonly Reference[],
    relations: readonly Relation[],
    aggregated: readonly Reference[] | null,
    windows: boolean,
  ): Scope {
    // Within aggregation a subquery may refer to the grouping keys, which are `columns` then.
    const subquery =
      level.depth <= 0
        ? null
        : (types: readonly Type[], isSingle: boolean) => {
            const inner = { depth: level.depth - 1, outer: [...level.outer, ...columns], ctes: level.ctes };
            if (!isSingle) return this.query(inner, types).replace(/ order by [^)]*$/, '');
            return this.single(inner, types);
          };
    const rows = relations.filter(({ isTable }) => isTable).map(({ alias }) => alias);
    return { source: this.source, columns, outer: level.outer, rows, aggregated, windows, subquery };
  }

  /** A query of at most one row. */
  private single(level: Level, types: readonly Type[]): string {
    if (this.source.chance(0.5)) {
      const order = types.map((_, at) => at + 1).join(', ');
      return `${this.select({ ...level, depth: level.depth - 1 }, types).sql.replace(/ (order by [\d, ]+|for [a-z ]+)$/, '')} order by ${order} limit 1`;
    }
    const from = this.from({ ...level, depth: level.depth - 1 });
    const columns = references(from.relations);
    const where = this.source.chance(0.7)
      ? ` where ${condition(this.scope({ ...level, depth: 0 }, columns, from.relations, null, false), 1)}`
      : '';
    const scope = this.scope({ ...level, depth: 0 }, [], [], columns, false);
    // At least one aggregate makes it one row.
    const targets = types.map((type) => expression(type, scope, 2));
    return `select ${targets.join(', ')} from ${from.sql}${where} having count(*) >= 0`;
  }

  private from(level: Level): Joined {
    const { source } = this;
    let joined = this.joinTree(level, 1 + source.below(3));
    if (source.chance(0.2)) {
      const other = this.joinTree({ ...level, outer: [...level.outer] }, 1);
      joined = { sql: `${joined.sql}, ${other.sql}`, relations: [...joined.relations, ...other.relations] };
    }
    return joined;
  }

  private joinTree(level: Level, count: number): Joined {
    const { source } = this;
    let joined = this.item(level, []);
    for (let more = count - 1; more > 0; more--) {
      const kind = source.pick([
        'join',
        'join',
        'left join',
        'left join',
        'right join',
        'full join',
        'cross join',
        'using',
      ]);
      const canRefer = kind === 'join' || kind === 'left join' || kind === 'cross join';
      const nested = source.chance(0.15) ? this.joinTree(level, 2) : null;
      const right = nested ?? this.item(level, canRefer ? references(joined.relations) : []);
      const rightSql = nested === null ? right.sql : `(${right.sql})`;
      const relations = [...joined.relations, ...right.relations];
      joined = { sql: `${joined.sql} ${this.joinClause(kind, rightSql, joined, right, level)}`, relations };
    }
    return joined;
  }

  private joinClause(kind: string, rightSql: string, left: Joined, right: Joined, level: Level): string {
    const { source } = this;
    if (kind === 'cross join') return `cross join ${rightSql}`;
    const pair = this.equality(left, right);
    if (kind === 'using') {
      // The merged column hides nothing: only qualified names are used.
      const shared =
        left.relations.length === 1 && right.relations.length === 1
          ? (left.relations[0] as Relation).columns.filter(({ name, type }) =>
              right.relations[0]?.columns.some((other) => other.name === name && other.type === type),
            )
          : [];
      if (shared.length > 0)
        return `${source.pick(['', 'left ', 'full ', 'right '])}join ${rightSql} using (${source.pick(shared).name})`;
    }
    const word = kind === 'using' ? 'join' : kind;
    if (word === 'full join') {
      const extra = source.chance(0.3) && pair !== null ? ` and ${this.equality(left, right)}` : '';
      return `full join ${rightSql} on ${pair ?? 'true'}${extra}`;
    }
    const columns = references([...left.relations, ...right.relations]);
    const scope = this.scope(
      { ...level, depth: source.chance(0.1) ? level.depth : 0 },
      columns,
      [...left.relations, ...right.relations],
      null,
      false,
    );
    const free = condition(scope, 1);
    const on =
      pair === null
        ? free
        : source.either<string>([
            [3, () => pair],
            [2, () => `${pair} and ${free}`],
            [1, () => free],
          ]);
    return `${word} ${rightSql} on ${on}`;
  }

  /** left.column = right.column of one type. */
  private equality(left: Joined, right: Joined): string | null {
    const { source } = this;
    const type = source.pick<Type>(['int', 'int', 'int', 'text', 'date', 'numeric']);
    const lefts = references(left.relations).filter((column) => column.type === type);
    const rights = references(right.relations).filter((column) => column.type === type);
    return lefts.length === 0 || rights.length === 0 ? null : `${source.pick(lefts).sql} = ${source.pick(rights).sql}`;
  }

  /** One FROM item; `beside` are the columns that LATERAL would offer. */
  private item(level: Level, beside: readonly Reference[]): Joined {
    const { source } = this;
    const alias = source.alias('r');
    return source.either<Joined>([
      [8, () => this.table(alias)],
      [level.depth > 0 ? 2 : 0, () => this.derived(level, alias, beside)],
      [0.6, () => this.valuesItem(alias)],
      [0.8, () => this.functionItem(alias, beside)],
      [level.ctes.length > 0 ? 6 : 0, () => this.cteItem(level, alias)],
    ]);
  }

  private table(alias: string): Joined {
    const weighted = tables.map((table): readonly [number, () => Table] => [table.share, () => table]);
    const { name, columns, isTable } = this.source.either<Table>(weighted);
    return { sql: `${name} ${alias}`, relations: [{ alias, columns, isTable }] };
  }

  private derived(level: Level, alias: string, beside: readonly Reference[]): Joined {
    const { source } = this;
    const columns = this.types(1 + source.below(3)).map((type, at) => ({ name: `c${at}`, type }));
    const isLateral = beside.length > 0 && source.chance(0.4);
    const inner = { ...level, depth: level.depth - 1, outer: isLateral ? [...level.outer, ...beside] : level.outer };
    const sql = this.query(
      inner,
      columns.map(({ type }) => type),
    );
    const names = columns.map(({ name }) => name).join(', ');
    return {
      sql: `${isLateral ? 'lateral ' : ''}(${sql}) ${alias}(${names})`,
      relations: [{ alias, columns, isTable: false }],
    };
  }

  private valuesItem(alias: string): Joined {
    const columns = this.types(1 + this.source.below(3)).map((type, at) => ({ name: `c${at}`, type }));
    const rows = this.valuesRows(
      columns.map(({ type }) => type),
      4,
    );
    const names = columns.map(({ name }) => name).join(', ');
    return { sql: `(values ${rows}) ${alias}(${names})`, relations: [{ alias, columns, isTable: false }] };
  }

  private functionItem(alias: string, beside: readonly Reference[]): Joined {
    const { source } = this;
    const arrays = beside.filter(({ type }) => type === 'int[]');
    const numbers = beside.filter(({ type }) => type === 'int');
    const array = arrays.length > 0 && source.chance(0.6) ? source.pick(arrays).sql : constant('int[]', source);
    const to =
      numbers.length > 0 && source.chance(0.5) ? `least(${source.pick(numbers).sql}, 5)` : String(1 + source.below(5));
    const columns: Column[] = [{ name: 'v', type: 'int' }];
    if (source.chance(0.3))
      return { sql: `unnest(${array}) ${alias}(v)`, relations: [{ alias, columns, isTable: false }] };
    if (source.chance(0.3))
      return { sql: `generate_series(1, ${to}) ${alias}(v)`, relations: [{ alias, columns, isTable: false }] };
    const both: Column[] = [...columns, { name: 'w', type: 'int' }];
    return {
      sql: `rows from (unnest(${array}), generate_series(2, ${to})) ${alias}(v, w)`,
      relations: [{ alias, columns: both, isTable: false }],
    };
  }

  private cteItem(level: Level, alias: string): Joined {
    const { name, columns } = this.source.pick(level.ctes);
    return { sql: `${name} ${alias}`, relations: [{ alias, columns, isTable: false }] };
  }
}

function references(relations: readonly Relation[]): Reference[] {
  return relations.flatMap(({ alias, columns }) =>
    columns.map(({ name, type }) => ({ sql: `${alias}.${name}`, type })),
  );
}
