// The range table: adding entries, the namespace items that make them visible, and expanding them to column lists.
import type { Alias as RawAlias } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { stringsOf } from '../trees/ast.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import { expressionCollation, expressionType, expressionTypmod, outputList } from '../trees/expression-type.js';
import type {
  Alias,
  CteRte,
  NamedTuplestoreRte,
  JoinRte,
  Query,
  RangeTableEntry,
  RangeTableFunction,
  RelationRte,
  TableSample,
} from '../trees/query.js';
import {
  type MutablePermissions,
  type NamespaceColumn,
  type NamespaceItem,
  type CteState,
  makeVar,
  type ParseState,
} from './parse-state.js';

/** ACL_* bits. */
export const acl = { insert: 1, select: 2, update: 4, delete: 8 } as const;

/** Type, modifier and collation of a column. */
export interface ColumnShape {
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
}

/** Adds an entry with its permissions and returns its RT index. */
export function addEntry(state: ParseState, entry: RangeTableEntry, permissions: MutablePermissions | null): number {
  state.rangeTable.push(entry);
  state.nullingRels.push([]);
  state.permissions.push(permissions);
  state.joinExprs.push(null);
  return state.rangeTable.length;
}

/** Names of an item's columns: the alias's first, then the natural ones. Throws 42P10 where there are too many. */
export function mergeColumnNames(
  relationName: string,
  alias: Alias | null,
  natural: readonly string[],
  live: (index: number) => boolean = () => true,
): string[] {
  const names: string[] = [];
  let next = 0;
  const given = alias?.columns ?? [];
  for (let index = 0; index < natural.length; index++) {
    if (!live(index)) {
      names.push('');
      continue;
    }
    names.push(next < given.length ? (given[next++] as string) : (natural[index] as string));
  }
  if (next < given.length) {
    const available = natural.filter((_, index) => live(index)).length;
    throw pgError(
      SqlState.invalidColumnReference,
      `table "${relationName}" has ${available} columns available but ${given.length} columns specified`,
    );
  }
  return names;
}

/** The written alias in bound form. */
export function boundAlias(alias: RawAlias | undefined): Alias | null {
  return alias === undefined ? null : { name: alias.aliasname ?? '', columns: stringsOf(alias.colnames) };
}

/** Adds a relation. `lockMode`: 1 AccessShare, 2 RowShare, 3 RowExclusive. */
export function addRelation(
  state: ParseState,
  relation: RelationDescriptor,
  options: {
    readonly alias: Alias | null;
    readonly inherit: boolean;
    readonly inFromClause: boolean;
    readonly lockMode: number;
    readonly lateral?: boolean;
  },
): NamespaceItem {
  const name = options.alias?.name ?? relation.name;
  const columns = mergeColumnNames(
    name,
    options.alias,
    relation.attributes.map((attribute) => attribute.name),
    (index) => relation.attributes[index]?.isDropped === false,
  );
  const entry: RelationRte = {
    kind: 'relation',
    alias: options.alias,
    eref: { name, columns },
    lateral: false,
    inFromClause: options.inFromClause,
    relation: relation.oid,
    relkind: relation.kind,
    lockMode: options.lockMode,
    inherit: options.inherit,
    tableSample: null,
    permissions: null,
  };
  const permissions: MutablePermissions = {
    required: acl.select,
    checkAsUser: 0,
    selected: new Set(),
    inserted: new Set(),
    updated: new Set(),
  };
  const rtIndex = addEntry(state, entry, permissions);
  const shapes = relation.attributes.map(
    (attribute, index): NamespaceColumn =>
      attribute.isDropped ? droppedColumn : column(rtIndex, index + 1, attribute),
  );
  return namespaceItem(entry, rtIndex, shapes);
}

/** Replaces a relation entry's TABLESAMPLE. */
export function setTableSample(state: ParseState, rtIndex: number, tableSample: TableSample): void {
  const entry = state.rangeTable[rtIndex - 1];
  if (entry?.kind !== 'relation') throw new Error('invariant broken: TABLESAMPLE of no relation');
  state.rangeTable[rtIndex - 1] = { ...entry, tableSample };
}

/** Adds a subquery. `aliasName` null: "unnamed_subquery". */
export function addSubquery(
  state: ParseState,
  subquery: Query,
  alias: Alias | null,
  options: { readonly lateral: boolean; readonly inFromClause: boolean },
): NamespaceItem {
  const name = alias?.name ?? 'unnamed_subquery';
  const outputs = outputList(subquery).filter((entry) => !entry.junk);
  const columns = mergeColumnNames(
    name,
    alias,
    outputs.map((entry) => entry.name ?? '?column?'),
  );
  const entry: RangeTableEntry = {
    kind: 'subquery',
    alias,
    eref: { name, columns },
    lateral: options.lateral,
    inFromClause: options.inFromClause,
    subquery,
    securityBarrier: false,
    viewRelation: 0,
    permissions: null,
  };
  const rtIndex = addEntry(state, entry, null);
  return namespaceItem(
    entry,
    rtIndex,
    outputs.map((output, index) => column(rtIndex, index + 1, shapeOf(output.expr))),
  );
}

/** Adds functions in FROM; column names and types were worked out by the caller. */
export function addFunctions(
  state: ParseState,
  functions: readonly RangeTableFunction[],
  alias: Alias | null,
  options: { readonly name: string; readonly withOrdinality: boolean; readonly lateral: boolean },
): NamespaceItem {
  const natural = functions.flatMap((item) => item.columnNames);
  const shapes = functions.flatMap((item) =>
    item.columnTypes.map((type, index) => ({
      type,
      typmod: item.columnTypmods[index] ?? -1,
      collation: item.columnCollations[index] ?? 0,
    })),
  );
  if (options.withOrdinality) {
    natural.push('ordinality');
    shapes.push({ type: 20, typmod: -1, collation: 0 });
  }
  const name = alias?.name ?? options.name;
  const live = shapes.map((shape) => shape.type !== 0);
  const entry: RangeTableEntry = {
    kind: 'function',
    alias,
    eref: { name, columns: mergeColumnNames(name, alias, natural, (index) => live[index] === true) },
    lateral: options.lateral,
    inFromClause: true,
    functions,
    withOrdinality: options.withOrdinality,
  };
  const rtIndex = addEntry(state, entry, null);
  return namespaceItem(
    entry,
    rtIndex,
    shapes.map((shape, index) => (shape.type === 0 ? droppedColumn : column(rtIndex, index + 1, shape))),
  );
}

/** Adds a VALUES list of several rows. */
export function addValues(
  state: ParseState,
  rows: readonly (readonly Expression[])[],
  shapes: readonly ColumnShape[],
  alias: Alias | null,
  options: { readonly lateral: boolean; readonly inFromClause: boolean },
): NamespaceItem {
  const name = alias?.name ?? '*VALUES*';
  const natural = shapes.map((_, index) => `column${index + 1}`);
  if ((alias?.columns.length ?? 0) > natural.length) {
    throw pgError(
      SqlState.invalidColumnReference,
      `VALUES lists "${name}" have ${natural.length} columns available but ${alias?.columns.length} columns specified`,
    );
  }
  const entry: RangeTableEntry = {
    kind: 'values',
    alias,
    eref: { name, columns: mergeColumnNames(name, alias, natural) },
    lateral: options.lateral,
    inFromClause: options.inFromClause,
    rows,
    ...shapeLists(shapes),
  };
  const rtIndex = addEntry(state, entry, null);
  return namespaceItem(
    entry,
    rtIndex,
    shapes.map((shape, index) => column(rtIndex, index + 1, shape)),
  );
}

/** Adds a reference to a CTE that lies `levelsUp` levels out. */
export function addCteReference(
  state: ParseState,
  cte: CteState,
  levelsUp: number,
  alias: Alias | null,
  location: number,
): NamespaceItem {
  const selfReference = !cte.analyzed;
  cte.referenceCount += selfReference ? 0 : 1;
  if (selfReference && cte.expr.columnNames.length === 0) {
    throw new Error('invariant broken: recursive reference before the first term is known');
  }
  if (!selfReference) checkReturning(cte, location);
  const expr = cte.expr;
  const name = alias?.name ?? cte.name;
  const names = [...expr.columnNames];
  const shapes = expr.columnTypes.map((type, index) => ({
    type,
    typmod: expr.columnTypmods[index] ?? -1,
    collation: expr.columnCollations[index] ?? 0,
  }));
  const plain = names.length;
  if (expr.search !== null) addSearchColumns(expr, names, shapes);
  if (expr.cycle !== null) addCycleColumns(expr, names, shapes);
  const entry: CteRte = {
    kind: 'cte',
    alias,
    eref: { name, columns: mergeColumnNames(name, alias, names) },
    lateral: false,
    inFromClause: true,
    cteName: cte.name,
    cteLevelsUp: levelsUp,
    selfReference,
    ...shapeLists(shapes),
  };
  const rtIndex = addEntry(state, entry, null);
  const columns = shapes.map((shape, index) => ({
    ...column(rtIndex, index + 1, shape),
    hidden: selfReference && index >= plain,
  }));
  return namespaceItem(entry, rtIndex, columns);
}

/** Adds a trigger's transition table: the relation's live columns. */
export function addTransitionTable(
  state: ParseState,
  name: string,
  relation: number,
  alias: Alias | null,
): NamespaceItem {
  const live = state.context.catalog.requireRelation(relation).attributes.filter(({ isDropped }) => !isDropped);
  const known = alias?.name ?? name;
  const entry: NamedTuplestoreRte = {
    kind: 'namedTuplestore',
    alias,
    eref: {
      name: known,
      columns: mergeColumnNames(
        known,
        alias,
        live.map((attribute) => attribute.name),
      ),
    },
    lateral: false,
    inFromClause: true,
    name,
    relation,
    ...shapeLists(live),
  };
  const rtIndex = addEntry(state, entry, null);
  return namespaceItem(
    entry,
    rtIndex,
    live.map((shape, index) => ({ ...column(rtIndex, index + 1, shape), hidden: false })),
  );
}

function addSearchColumns(expr: CteState['expr'], names: string[], shapes: ColumnShape[]): void {
  if (expr.search === null) return;
  names.push(expr.search.sequenceColumn);
  shapes.push({ type: expr.search.breadthFirst ? 2249 : 2287, typmod: -1, collation: 0 });
}

function addCycleColumns(expr: CteState['expr'], names: string[], shapes: ColumnShape[]): void {
  const cycle = expr.cycle;
  if (cycle === null) return;
  names.push(cycle.markColumn, cycle.pathColumn);
  shapes.push({ type: cycle.markType, typmod: cycle.markTypmod, collation: cycle.markCollation });
  shapes.push({ type: 2287, typmod: -1, collation: 0 });
}

function checkReturning(cte: CteState, location: number): void {
  const query = cte.expr.query;
  if (query.commandType !== 'select' && query.returningList.length === 0) {
    throw pgError(SqlState.featureNotSupported, `WITH query "${cte.name}" does not have a RETURNING clause`, {
      location,
    });
  }
}

/** Adds a join: its columns are given as namespace columns (merged USING columns first) and as expressions. */
export function addJoin(
  state: ParseState,
  join: Omit<JoinRte, 'kind' | 'eref' | 'lateral' | 'inFromClause'>,
  names: readonly string[],
  columns: NamespaceColumn[],
): NamespaceItem {
  if (columns.length > 32767) {
    throw pgError(SqlState.programLimitExceeded, 'joins can have at most 32767 columns');
  }
  const name = join.alias?.name ?? 'unnamed_join';
  if ((join.alias?.columns.length ?? 0) > names.length) {
    throw pgError(
      SqlState.invalidColumnReference,
      `join expression "${name}" has ${names.length} columns available but ${join.alias?.columns.length} columns specified`,
    );
  }
  const entry: RangeTableEntry = {
    kind: 'join',
    eref: { name, columns: mergeColumnNames(name, join.alias, names) },
    lateral: false,
    inFromClause: true,
    ...join,
  };
  const rtIndex = addEntry(state, entry, null);
  return namespaceItem(entry, rtIndex, columns);
}

/** A namespace item over an entry, with everything visible. */
export function namespaceItem(rte: RangeTableEntry, rtIndex: number, columns: NamespaceColumn[]): NamespaceItem {
  return {
    names: rte.eref,
    rte,
    rtIndex,
    columns,
    relationVisible: true,
    columnsVisible: true,
    lateralOnly: false,
    lateralOk: true,
  };
}

/** Puts an item into the query: into the join list, and its relation name and columns into the namespace. */
export function addItemToQuery(
  state: ParseState,
  item: NamespaceItem,
  place: { readonly join: boolean; readonly relationName: boolean; readonly columns: boolean },
): void {
  if (place.join) state.joinList.push({ kind: 'RangeTableRef', rtIndex: item.rtIndex });
  if (place.relationName || place.columns) {
    item.relationVisible = place.relationName;
    item.columnsVisible = place.columns;
    item.lateralOnly = false;
    item.lateralOk = true;
    state.namespace.push(item);
  }
}

/** The item's live columns as Vars with their names, in order (SELECT *, whole rows, join inputs). */
export function expandItem(
  state: ParseState,
  item: NamespaceItem,
  levelsUp: number,
  location: number,
): { readonly name: string; readonly expr: Expression; readonly column: NamespaceColumn }[] {
  const expanded: { name: string; expr: Expression; column: NamespaceColumn }[] = [];
  item.columns.forEach((entry, index) => {
    if (entry.varno === 0 || entry.hidden) return;
    const name = item.names.columns[index] ?? '';
    expanded.push({ name, expr: makeVar(state, entry, levelsUp, location), column: entry });
  });
  return expanded;
}

/** The item's columns as target entries, SELECT privilege on each recorded. */
export function expandToTargets(
  state: ParseState,
  item: NamespaceItem,
  levelsUp: number,
  location: number,
): TargetEntry[] {
  const owner = item.rte;
  return expandItem(state, item, levelsUp, location).map(({ name, expr }) => {
    markSelected(state, expr);
    return {
      kind: 'TargetEntry',
      expr,
      resno: state.nextResno++,
      name: owner.kind === 'join' || name !== '' ? name : '?column?',
      sortGroupRef: 0,
      originTable: 0,
      originColumn: 0,
      junk: false,
    };
  });
}

/** Records that a Var's column is read, through joins down to the relations. */
export function markSelected(state: ParseState, expression: Expression): void {
  if (expression.kind !== 'Var') return;
  let level: ParseState = state;
  for (let up = expression.levelsUp; up > 0 && level.parent !== null; up--) level = level.parent;
  markColumn(level, expression.varno, expression.attno);
}

function markColumn(level: ParseState, rtIndex: number, attno: number): void {
  const entry = level.rangeTable[rtIndex - 1];
  if (entry?.kind === 'relation') {
    const permissions = level.permissions[rtIndex - 1];
    if (permissions) {
      permissions.required |= acl.select;
      permissions.selected.add(attno);
    }
  } else if (entry?.kind === 'join') {
    if (attno === 0) {
      const join = level.joinExprs[rtIndex - 1];
      for (const side of join ? [join.left, join.right] : []) {
        if (side.kind !== 'FromExpr') markColumn(level, side.rtIndex, 0);
      }
    } else {
      const alias = entry.aliasVars[attno - 1];
      if (alias) markAlias(level, alias);
    }
  }
}

function markAlias(level: ParseState, expression: Expression): void {
  if (expression.kind === 'Var') markColumn(level, expression.varno, expression.attno);
  else if (expression.kind === 'CoalesceExpr') for (const arg of expression.args) markAlias(level, arg);
  else if ('arg' in expression && expression.arg !== null) markAlias(level, expression.arg as Expression);
  else if (expression.kind === 'FuncExpr') for (const arg of expression.args) markAlias(level, arg);
}

/** The finished range table: permissions put into their entries. */
export function finishRangeTable(state: ParseState): RangeTableEntry[] {
  return state.rangeTable.map((entry, index) => {
    const permissions = state.permissions[index];
    if (entry.kind !== 'relation' || !permissions) return entry;
    return {
      ...entry,
      permissions: {
        required: permissions.required,
        checkAsUser: permissions.checkAsUser,
        selected: sorted(permissions.selected),
        inserted: sorted(permissions.inserted),
        updated: sorted(permissions.updated),
      },
    };
  });
}

/** Type, modifier and collation of an expression. */
export function shapeOf(expression: Expression): ColumnShape {
  return {
    type: expressionType(expression),
    typmod: expressionTypmod(expression),
    collation: expressionCollation(expression),
  };
}

/** The three parallel lists in which entries keep their columns' shapes. */
export function shapeLists(shapes: readonly ColumnShape[]): {
  readonly columnTypes: number[];
  readonly columnTypmods: number[];
  readonly columnCollations: number[];
} {
  return {
    columnTypes: shapes.map((shape) => shape.type),
    columnTypmods: shapes.map((shape) => shape.typmod),
    columnCollations: shapes.map((shape) => shape.collation),
  };
}

const droppedColumn: NamespaceColumn = { varno: 0, attno: 0, type: 0, typmod: -1, collation: 0, hidden: false };

function column(varno: number, attno: number, shape: ColumnShape): NamespaceColumn {
  return { varno, attno, type: shape.type, typmod: shape.typmod, collation: shape.collation, hidden: false };
}

function sorted(set: ReadonlySet<number>): number[] {
  return [...set].sort((left, right) => left - right);
}
