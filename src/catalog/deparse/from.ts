// FROM: tables, joins, subqueries, functions and VALUES, with the aliases that make their names what Vars say.
import type { JoinTreeNode, Query, RangeTableEntry, RangeTableFunction, TableSample } from '../../trees/query.js';
import { quoteIdentifier } from '../../types/quote.js';
import type { DeparseContext } from './context.js';
import { collationName, deparse, relationName, typeName } from './expression.js';
import { deparseQuery, deparseValues } from './query.js';
import { indent } from './writer.js';

/** Appends FROM (or USING) and its items, if there are any. */
export function deparseFrom(context: DeparseContext, query: Query, words = ' FROM '): void {
  const { writer } = context;
  let isFirst = true;
  for (const item of query.joinTree.fromList) {
    if (item.kind === 'RangeTableRef' && !query.rangeTable[item.rtIndex - 1]?.inFromClause) continue;
    if (isFirst) {
      writer.line(words, -indent.standard, indent.standard, 2);
      isFirst = false;
      deparseItem(context, query, item);
      continue;
    }
    writer.append(',');
    const text = writer.capture(() => deparseItem(context, query, item));
    if (!text.startsWith('\n')) writer.line('', -indent.standard, indent.standard, indent.item);
    writer.append(text);
  }
}

function deparseItem(context: DeparseContext, query: Query, item: JoinTreeNode): void {
  if (item.kind === 'RangeTableRef') {
    deparseEntry(context, query, item.rtIndex);
    return;
  }
  if (item.kind === 'JoinExpr') {
    deparseJoin(context, query, item);
    return;
  }
  for (const inner of item.fromList) deparseItem(context, query, inner);
}

function deparseJoin(context: DeparseContext, query: Query, join: Extract<JoinTreeNode, { kind: 'JoinExpr' }>): void {
  const { writer, options } = context;
  const isFenced = !options.pretty || join.alias !== null;
  const fencesRight = options.pretty && join.right.kind === 'JoinExpr' && join.right.alias === null;
  if (isFenced) writer.append('(');
  deparseItem(context, query, join.left);
  const isCross = join.joinType === 'inner' && !join.quals && !join.usingColumns;
  const words = isCross
    ? ' CROSS JOIN '
    : {
        inner: ' JOIN ',
        left: ' LEFT JOIN ',
        full: ' FULL JOIN ',
        right: ' RIGHT JOIN ',
        semi: ' SEMI JOIN ',
        anti: ' ANTI JOIN ',
        rightAnti: ' RIGHT ANTI JOIN ',
      }[join.joinType];
  writer.line(words, -indent.standard, indent.standard, indent.join);
  if (fencesRight) writer.append('(');
  deparseItem(context, query, join.right);
  if (fencesRight) writer.append(')');
  const columns = context.namespaces[0]?.columns[join.rtIndex - 1]?.names ?? [];
  if (join.usingColumns && join.usingColumns.length > 0) {
    const names = join.usingColumns.map((name, index) => quoteIdentifier(columns[index] ?? name));
    writer.append(` USING (${names.join(', ')})`);
    const entry = query.rangeTable[join.rtIndex - 1];
    if (entry?.kind === 'join' && entry.usingAlias) writer.append(` AS ${quoteIdentifier(entry.usingAlias.name)}`);
  } else if (join.quals) {
    writer.append(' ON ');
    if (!options.pretty) writer.append('(');
    deparse(context, join.quals, false);
    if (!options.pretty) writer.append(')');
  } else if (join.joinType !== 'inner') {
    writer.append(' ON TRUE');
  }
  if (isFenced) writer.append(')');
  if (!join.alias) return;
  writer.append(` ${quoteIdentifier(context.namespaces[0]?.names[join.rtIndex - 1] ?? join.alias.name)}`);
  appendColumnAliases(context, join.rtIndex);
}

function deparseEntry(context: DeparseContext, query: Query, rtIndex: number): void {
  const { writer } = context;
  const entry = query.rangeTable[rtIndex - 1];
  if (!entry) return;
  if (entry.lateral) writer.append('LATERAL ');
  switch (entry.kind) {
    case 'relation':
      if (!entry.inherit) writer.append('ONLY ');
      writer.append(relationName(context, entry.relation));
      break;
    case 'subquery':
      writer.append('(');
      deparseQuery(context, entry.subquery, { columnNames: null, namesVisible: true });
      writer.append(')');
      break;
    case 'function':
      deparseFunctions(context, entry);
      break;
    case 'values':
      writer.append('(');
      deparseValues(context, entry);
      writer.append(')');
      break;
    case 'cte':
      writer.append(quoteIdentifier(entry.cteName));
      break;
    default:
      break;
  }
  appendAlias(context, entry, rtIndex);
  if (entry.kind === 'relation' && entry.tableSample) deparseTableSample(context, entry.tableSample);
}

type FunctionEntry = Extract<RangeTableEntry, { kind: 'function' }>;

function deparseFunctions(context: DeparseContext, entry: FunctionEntry): void {
  const { writer } = context;
  const single = entry.functions[0];
  // One function, without a column definition list beside WITH ORDINALITY, needs no ROWS FROM.
  if (entry.functions.length === 1 && single && !(single.hasDefinitionList && entry.withOrdinality)) {
    deparse(context, single.expr, true);
  } else {
    writer.append('ROWS FROM(');
    entry.functions.forEach((item, index) => {
      if (index > 0) writer.append(', ');
      deparse(context, item.expr, true);
      if (item.hasDefinitionList) {
        writer.append(' AS ');
        appendDefinitionList(context, item, item.columnNames);
      }
    });
    writer.append(')');
  }
  if (entry.withOrdinality) writer.append(' WITH ORDINALITY');
}

function appendAlias(context: DeparseContext, entry: RangeTableEntry, rtIndex: number): void {
  const { writer } = context;
  const name = context.namespaces[0]?.names[rtIndex - 1] ?? null;
  if (name === null) return;
  if (needsAlias(context, entry, name)) writer.append(` ${quoteIdentifier(name)}`);
  const single =
    entry.kind === 'function' && entry.functions.length === 1 && !entry.withOrdinality ? entry.functions[0] : undefined;
  if (single?.hasDefinitionList) {
    // A function that returns record: names with types.
    if (!needsAlias(context, entry, name)) writer.append(' AS ');
    appendDefinitionList(context, single, context.namespaces[0]?.columns[rtIndex - 1]?.names ?? single.columnNames);
    return;
  }
  appendColumnAliases(context, rtIndex);
}

function needsAlias(context: DeparseContext, entry: RangeTableEntry, name: string): boolean {
  if (entry.alias) return true;
  switch (entry.kind) {
    case 'relation':
      return name !== context.catalog.relation(entry.relation)?.name;
    case 'cte':
      return name !== entry.cteName;
    default:
      return true;
  }
}

function appendColumnAliases(context: DeparseContext, rtIndex: number): void {
  const columns = context.namespaces[0]?.columns[rtIndex - 1];
  if (!columns?.printAliases) return;
  context.writer.append(
    `(${columns.names
      .filter((name) => name !== null)
      .map(quoteIdentifier)
      .join(', ')})`,
  );
}

/** (name type [COLLATE c], ...) */
function appendDefinitionList(
  context: DeparseContext,
  item: RangeTableFunction,
  names: readonly (string | null)[],
): void {
  const columns = item.columnTypes.map((type, index) => {
    const name = quoteIdentifier(names[index] ?? item.columnNames[index] ?? '');
    const collation = item.columnCollations[index] ?? 0;
    const differs = collation !== 0 && collation !== context.catalog.typeByOid(type).collation;
    return `${name} ${typeName(context, type, item.columnTypmods[index] ?? -1)}${differs ? ` COLLATE ${collationName(context, collation)}` : ''}`;
  });
  context.writer.append(`(${columns.join(', ')})`);
}

function deparseTableSample(context: DeparseContext, sample: TableSample): void {
  const { writer } = context;
  writer.append(` TABLESAMPLE ${sample.method} (`);
  sample.args.forEach((arg, index) => {
    if (index > 0) writer.append(', ');
    deparse(context, arg, false);
  });
  writer.append(')');
  if (!sample.repeatable) return;
  writer.append(' REPEATABLE (');
  deparse(context, sample.repeatable, false);
  writer.append(')');
}
