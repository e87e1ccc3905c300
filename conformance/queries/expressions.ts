// Random expressions of a wanted type over the columns that a query level offers: operators, CASE, subqueries, aggregates
// and windows. What depends on the order of evaluation or of rows (division, array_agg without ORDER BY) is left out.
import { constant, type Type } from './schema.js';
import type { Source } from './source.js';

export interface Reference {
  readonly sql: string;
  readonly type: Type;
}

/** What a level's expressions may use. */
export interface Scope {
  readonly source: Source;
  readonly columns: readonly Reference[];
  readonly outer: readonly Reference[];
  /** Aliases of tables: whole rows. */
  readonly rows: readonly string[];
  /** Columns of the rows that are aggregated; null where no aggregate may stand. */
  readonly aggregated: readonly Reference[] | null;
  readonly windows: boolean;
  /** `SELECT one column of this type ...` that may refer to the scope's columns; null where it is deep enough. */
  readonly subquery: ((types: readonly Type[], isSingle: boolean) => string) | null;
}

const comparisons = ['=', '<>', '<', '<=', '>', '>='];

/** An expression of a type; `depth` bounds how far it nests. */
export function expression(type: Type, scope: Scope, depth: number): string {
  const { source } = scope;
  if (depth <= 0 || source.chance(0.35)) return leaf(type, scope);
  return source.either<string>([
    [6, () => operation(type, scope, depth - 1)],
    [1, () => `coalesce(${expression(type, scope, depth - 1)}, ${leaf(type, scope)})`],
    [0.5, () => `nullif(${expression(type, scope, depth - 1)}, ${leaf(type, scope)})`],
    [1, () => caseOf(type, scope, depth - 1)],
    [scope.subquery === null ? 0 : 1, () => `(${scope.subquery?.([type], true)})`],
    [scope.aggregated === null ? 0 : 5, () => aggregate(type, scope)],
    [scope.windows ? 2 : 0, () => windowCall(type, scope)],
  ]);
}

function leaf(type: Type, scope: Scope): string {
  const { source } = scope;
  const fit = scope.columns.filter((column) => column.type === type);
  const outer = scope.outer.filter((column) => column.type === type);
  if (scope.aggregated !== null && fit.length === 0 && source.chance(0.6)) return aggregate(type, scope);
  if (outer.length > 0 && source.chance(0.25)) return source.pick(outer).sql;
  if (fit.length > 0 && source.chance(0.88)) return source.pick(fit).sql;
  return source.chance(0.04) ? `null::${type}` : constant(type, source);
}

function caseOf(type: Type, scope: Scope, depth: number): string {
  const { source } = scope;
  const last = source.chance(0.7) ? ` else ${leaf(type, scope)}` : '';
  if (source.chance(0.3))
    return `case ${leaf('int', scope)} when ${constant('int', source)} then ${expression(type, scope, depth)}${last} end`;
  return `case when ${condition(scope, depth)} then ${expression(type, scope, depth)}${last} end`;
}

function operation(type: Type, scope: Scope, depth: number): string {
  const { source } = scope;
  const make = (of: Type) => expression(of, scope, depth);
  switch (type) {
    case 'int':
      return source.pick([
        () => `(${make('int')} ${source.pick(['+', '-'])} ${leaf('int', scope)})`,
        () => `(${leaf('int', scope)} * ${1 + source.below(3)})`,
        () => `mod(${make('int')}, ${2 + source.below(4)})`,
        () => `abs(${make('int')})`,
        () => `length(${make('text')})`,
        () => `${source.pick(['greatest', 'least'])}(${make('int')}, ${leaf('int', scope)})`,
        () => `(${make('int[]')})[${1 + source.below(2)}]`,
        () => `cardinality(${make('int[]')})`,
        () => `(${make('date')} - ${leaf('date', scope)})`,
        () => `(${make('bool')})::int`,
      ])();
    case 'numeric':
      return source.pick([
        () => `(${make('numeric')} ${source.pick(['+', '-'])} ${leaf('numeric', scope)})`,
        () => `(${make('int')})::numeric`,
        () => `round(${make('numeric')}, 1)`,
      ])();
    case 'text':
      return source.pick([
        () => `(${make('text')} || ${leaf('text', scope)})`,
        () => `${source.pick(['upper', 'lower', 'reverse'])}(${make('text')})`,
        () => `substr(${make('text')}, ${1 + source.below(3)})`,
        () => `(${make('int')})::text`,
        () => `(${make('bool')})::text`,
        () => (scope.rows.length > 0 ? `${source.pick(scope.rows)}::text` : `left(${make('text')}, 1)`),
      ])();
    case 'bool':
      return condition(scope, depth);
    case 'int[]':
      return source.pick([
        () => `array[${make('int')}, ${leaf('int', scope)}]`,
        () => `(${make('int[]')} || ${leaf('int', scope)})`,
        () => `(${make('int[]')})[1:2]`,
        () => (scope.subquery === null ? leaf(type, scope) : `array(${scope.subquery(['int'], false)} order by 1)`),
      ])();
    case 'date':
      return source.pick([
        () => `(${make('date')} + ${leaf('int', scope)})`,
        () => `${source.pick(['greatest', 'least'])}(${make('date')}, ${leaf('date', scope)})`,
      ])();
  }
}

const comparable: readonly Type[] = ['int', 'int', 'int', 'text', 'text', 'numeric', 'date', 'bool', 'int[]'];

/** A boolean expression. */
export function condition(scope: Scope, depth: number): string {
  return `(${test(scope, depth)})`;
}

function test(scope: Scope, depth: number): string {
  const { source } = scope;
  const type = source.pick(comparable);
  if (depth > 0 && source.chance(0.3)) {
    const joined = `${condition(scope, depth - 1)} ${source.pick(['and', 'or', 'or'])} ${condition(scope, depth - 1)}`;
    return source.chance(0.2) ? `not (${joined})` : joined;
  }
  const left = () => expression(type, scope, depth - 1);
  return source.either<string>([
    [8, () => `${left()} ${source.pick(comparisons)} ${leaf(type, scope)}`],
    [3, () => `${left()} = ${leaf(type, scope)}`],
    [1, () => `${left()} is ${source.pick(['', 'not '])}null`],
    [1, () => `${left()} is ${source.pick(['', 'not '])}distinct from ${leaf(type, scope)}`],
    [
      1,
      () =>
        `${left()} ${source.pick(['', 'not '])}in (${constant(type, source)}, ${leaf(type, scope)}, ${leaf(type, scope)})`,
    ],
    [1, () => `${left()} between ${leaf(type, scope)} and ${leaf(type, scope)}`],
    [0.5, () => `${expression('text', scope, depth - 1)} like '${source.pick(['a%', '%b', '_', '%', 'x_'])}'`],
    [
      1,
      () => `(${expression('bool', scope, depth - 1)}) is ${source.pick(['true', 'not true', 'false', 'not unknown'])}`,
    ],
    [0.7, () => `${leaf('int', scope)} = any (${leaf('int[]', scope)})`],
    [0.4, () => `${leaf('int', scope)} <> all (${leaf('int[]', scope)})`],
    [1, () => rowComparison(scope)],
    [scope.rows.length > 0 ? 0.5 : 0, () => `${source.pick(scope.rows)} is ${source.pick(['', 'not '])}null`],
    [scope.rows.length > 0 ? 0.3 : 0, () => sameRow(source.pick(scope.rows))],
    [scope.subquery === null ? 0 : 4, () => sublink(scope, type)],
  ]);
}

/** Rows of different tables differ in their columns' types: whether that is noticed depends on the plan. */
function sameRow(alias: string): string {
  return `${alias} = ${alias}`;
}

function rowComparison(scope: Scope): string {
  const { source } = scope;
  const [one, two] = [source.pick(comparable), source.pick(comparable)];
  const row = () => `(${leaf(one, scope)}, ${leaf(two, scope)})`;
  if (source.chance(0.2)) return `${row()} in (${row()}, ${row()})`;
  return source.chance(0.2) ? `${row()} is distinct from ${row()}` : `${row()} ${source.pick(comparisons)} ${row()}`;
}

function sublink(scope: Scope, type: Type): string {
  const { source, subquery } = scope;
  if (subquery === null) return 'true';
  return source.either<string>([
    [3, () => `${source.pick(['', 'not '])}exists (${subquery([source.pick(comparable)], false)})`],
    [3, () => `${leaf(type, scope)} ${source.pick(['', '', 'not '])}in (${subquery([type], false)})`],
    [1, () => `${leaf(type, scope)} ${source.pick(comparisons)} any (${subquery([type], false)})`],
    [1, () => `${leaf(type, scope)} ${source.pick(comparisons)} all (${subquery([type], false)})`],
    [
      1,
      () =>
        `(${leaf(type, scope)}, ${leaf('int', scope)}) ${source.pick(['', 'not '])}in (${subquery([type, 'int'], false)})`,
    ],
    [
      0.5,
      () =>
        `(${leaf(type, scope)}, ${leaf('int', scope)}) ${source.pick(comparisons)} (${subquery([type, 'int'], true)})`,
    ],
  ]);
}

/** The scope of an aggregate's arguments: the rows before grouping. */
function argumentScope(scope: Scope): Scope {
  return {
    ...scope,
    columns: scope.aggregated ?? [],
    rows: [],
    aggregated: null,
    windows: false,
    subquery: null,
    outer: [],
  };
}

function orderBy(argument: string, source: Source): string {
  return `order by ${argument}${source.pick(['', ' desc', ' nulls first', ' desc nulls last', ' asc'])}`;
}

function aggregate(type: Type, scope: Scope): string {
  const { source } = scope;
  const inner = argumentScope(scope);
  const made = (of: Type) => expression(of, inner, 1);
  // No aggregate of constants alone: it would belong to an outer level's idea of grouping.
  const filter = source.chance(0.15) ? ` filter (where ${condition(inner, 1)})` : '';
  const distinct = source.pick(['', '', 'distinct ']);
  const call = (): string => {
    switch (type) {
      case 'int':
        return source.pick([
          () => `count(*)${filter}::int`,
          () => `count(${distinct}${made(source.pick(comparable))})${filter}::int`,
          () => `sum(${distinct}${made('int')})${filter}::int`,
          () => `${source.pick(['min', 'max'])}(${made('int')})${filter}`,
          () => `bit_or(${made('int')})${filter}`,
          () =>
            `percentile_disc(${source.pick(['0', '0.3', '0.5', '1'])}) within group (${orderBy(made('int'), source)})${filter}`,
          () => `mode() within group (${orderBy(made('int'), source)})${filter}`,
          () => `rank(${constant('int', source)}) within group (${orderBy(made('int'), source)})${filter}::int`,
          () => `dense_rank(${constant('text', source)}) within group (${orderBy(made('text'), source)})::int`,
        ])();
      case 'numeric':
        return source.pick([
          () => `sum(${distinct}${made('numeric')})${filter}`,
          () => `avg(${distinct}${made('int')})${filter}`,
          () =>
            `percentile_cont(${source.pick(['0', '0.25', '0.5'])}) within group (${orderBy(made('int'), source)})${filter}::numeric`,
          () => `variance(${made('int')})${filter}`,
        ])();
      case 'text': {
        const texts = inner.columns.filter((column) => column.type === 'text');
        const value = texts.length === 0 ? made('text') : `lower(${source.pick(texts).sql})`;
        return source.pick([
          () => `${source.pick(['min', 'max'])}(${made('text')})${filter}`,
          () => `string_agg(${value}, ',' ${orderBy(value, source)})${filter}`,
          () => `string_agg(distinct ${value}, ',' order by ${value})${filter}`,
        ])();
      }
      case 'bool':
        return `${source.pick(['bool_and', 'bool_or', 'every'])}(${made('bool')})${filter}`;
      case 'int[]': {
        const value = made('int');
        return source.pick([
          () => `array_agg(${value} ${orderBy(value, source)})${filter}`,
          () => `array_agg(distinct ${value})${filter}`,
          () => `percentile_disc(array[0, 0.5, 1]) within group (${orderBy(value, source)})`,
        ])();
      }
      case 'date':
        return `${source.pick(['min', 'max'])}(${made('date')})${filter}`;
    }
  };
  return call();
}

const frames = [
  '',
  '',
  ' rows between unbounded preceding and current row',
  ' rows between 1 preceding and 1 following',
  ' rows 2 preceding',
  ' rows between current row and unbounded following',
  ' range between unbounded preceding and unbounded following',
  ' groups between 1 preceding and current row',
  ' groups between current row and 1 following exclude ties',
  ' rows between 2 preceding and 1 following exclude current row',
  ' range current row exclude group',
];

function windowCall(type: Type, scope: Scope): string {
  const { source } = scope;
  const inner: Scope = { ...scope, windows: false, subquery: null };
  const partition = source.chance(0.6) ? `partition by ${leaf(source.pick(comparable), inner)} ` : '';
  // Ordered by every column, ties are rows that look alike: results don't depend on their order.
  const every = source.some(scope.columns, scope.columns.length);
  if (every.length === 0) return leaf(type, scope);
  const order = every.map(({ sql }) => `${sql}${source.pick(['', ' desc', ' nulls first'])}`).join(', ');
  const whole = `(${partition}order by ${order}${source.pick(frames)})`;
  const peers = `(${partition}order by ${leaf('int', inner)}${source.pick(['', ' desc'])}${source.pick(['', ' range between 2 preceding and 1 following', ' range between 1 following and 3 following'])})`;
  const plain = `(${partition.trim()})`;
  const value = leaf(type, inner);
  const filter = source.chance(0.15) ? ` filter (where ${condition({ ...inner, rows: [] }, 0)})` : '';
  const general = [
    () => `first_value(${value}) over ${whole}`,
    () => `last_value(${value}) over ${whole}`,
    () => `nth_value(${value}, 2) over ${whole}`,
    () => `lag(${value}${source.pick(['', ', 2', `, 1, ${constant(type, source)}`])}) over ${whole}`,
    () => `lead(${value}) over ${whole}`,
  ];
  if (type === 'int' && source.chance(0.7)) {
    return source.pick([
      () => `row_number() over ${whole}::int`,
      () => `${source.pick(['rank', 'dense_rank'])}() over ${source.pick([whole, peers, plain])}::int`,
      () => `ntile(3) over ${whole}`,
      () => `count(*)${filter} over ${source.pick([whole, peers, plain])}::int`,
      () => `sum(${leaf('int', inner)})${filter} over ${source.pick([whole, peers, plain])}::int`,
      () => `max(${leaf('int', inner)})${filter} over ${source.pick([whole, peers, plain])}`,
    ])();
  }
  if (type === 'numeric' && source.chance(0.5))
    return `avg(${leaf('int', inner)})${filter} over ${source.pick([whole, peers, plain])}`;
  if (type === 'text' && source.chance(0.3)) return `string_agg(${value}, '-')${filter} over ${whole}`;
  return source.pick(general)();
}
