// Queries that commands run over a table they change: is there a row that breaks a new constraint, what are the values of
// these expressions for every row. The expressions are bound already (varno 1); the queries go through planner and executor.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import type { Execution } from '../executor/api.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import { expressionType } from '../trees/expression-type.js';
import type { Query } from '../trees/query.js';
import { quoteQualifiedIdentifier } from '../types/quote.js';
import type { CommandContext } from './api.js';
import { TypeOid } from './classes.js';

/** SELECT <expressions> FROM ONLY table [WHERE qual]: bound, with no privileges to check. */
export function tableQuery(
  context: CommandContext,
  table: RelationDescriptor,
  expressions: readonly Expression[],
  qual: Expression | null,
): Query {
  const name = quoteQualifiedIdentifier(table.schemaName, table.name);
  const [statement] = context.corridor.analyzeSql(`SELECT FROM ONLY ${name}`, []);
  if (statement?.kind !== 'query') throw new Error('invariant broken: a SELECT is bound to a query');
  const { query } = statement;
  const rangeTable = query.rangeTable.map((rte) => (rte.kind === 'relation' ? { ...rte, permissions: null } : rte));
  const targetList = expressions.map(
    (expr, index): TargetEntry => ({
      kind: 'TargetEntry',
      expr,
      resno: index + 1,
      name: null,
      sortGroupRef: 0,
      originTable: 0,
      originColumn: 0,
      junk: false,
    }),
  );
  return { ...query, rangeTable, targetList, joinTree: { ...query.joinTree, quals: qual } };
}

/** Opens a bound query of our own in the current transaction. */
export function openQuery(context: CommandContext, query: Query): Execution {
  context.transaction.advanceCommand();
  return context.corridor.open(context.corridor.plan(query));
}

/** The same, reading tables whole: their indexes may not hold the rows yet. */
export function openTableScan(context: CommandContext, query: Query): Execution {
  context.transaction.advanceCommand();
  return context.corridor.open(context.corridor.planWithoutIndexes(query));
}

/** True where some row of the table satisfies `qual`. */
export async function hasRowWhere(
  context: CommandContext,
  table: RelationDescriptor,
  qual: Expression,
): Promise<boolean> {
  const one: Expression = { kind: 'Const', type: TypeOid.int4, typmod: -1, collation: 0, value: 1, location: -1 };
  const execution = openTableScan(context, tableQuery(context, table, [one], qual));
  try {
    const rows = await execution.next(1);
    return rows !== null && rows.length > 0;
  } finally {
    await execution.close();
  }
}

/** NOT (expression): the rows that a check constraint refuses (NULL passes). */
export function negated(expression: Expression): Expression {
  return { kind: 'BoolExpr', op: 'not', args: [expression], location: -1 };
}

/** column IS NULL. */
export function isNullTest(table: RelationDescriptor, number: number): Expression {
  return { kind: 'NullTest', arg: columnVar(table, number), isNull: true, argIsRow: false, location: -1 };
}

/** A column of the table as a Var of varno 1. */
export function columnVar(table: RelationDescriptor, number: number): Expression {
  const attribute = table.attributes[number - 1];
  if (attribute === undefined) throw new Error(`invariant broken: no attribute ${number} in ${table.name}`);
  return {
    kind: 'Var',
    varno: 1,
    attno: number,
    type: attribute.type,
    typmod: attribute.typmod,
    collation: attribute.collation,
    levelsUp: 0,
    nullingRels: [],
    location: -1,
  };
}

/** NULL of an expression's type. */
export function nullOf(expression: Expression): Expression {
  return { kind: 'Const', type: expressionType(expression), typmod: -1, collation: 0, value: null, location: -1 };
}
