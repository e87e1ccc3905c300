// UPDATE: SET lists with row assignments, FROM, RETURNING.
import type { MultiAssignRef, Node, ResTarget } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { UpdateStmt } from '../../trees/ast.js';
import type { Expression, SubLink, TargetEntry } from '../../trees/expression.js';
import { expressionCollation, expressionType, expressionTypmod } from '../../trees/expression-type.js';
import type { Query } from '../../trees/query.js';
import { assignTo } from '../assignment.js';
import { condition } from '../clauses/limit.js';
import { assignQueryCollations } from '../collations.js';
import { analyzeExpr } from '../expressions/expression.js';
import { analyzeFromClause } from '../from/from-clause.js';
import { type ParseState, withKind } from '../parse-state.js';
import { acl } from '../range-table.js';
import { makeTarget } from '../target-entry.js';
import { typeOid } from '../type-oids.js';
import { analyzeWith } from './cte.js';
import { fromExpr, makeQuery } from './make-query.js';
import { returningList, setTargetTable, targetColumn, type TargetTable } from './target-table.js';

/** Binds an UPDATE in a fresh state. */
export function analyzeUpdate(state: ParseState, update: UpdateStmt): Query {
  const hasRecursive = analyzeWith(state, update.withClause);
  const target = setTargetTable(state, update.relation, {
    inherit: update.relation?.inh === true,
    alsoSource: true,
    required: acl.update,
  });
  // FROM may not look at the target by LATERAL.
  target.item.lateralOnly = true;
  target.item.lateralOk = false;
  analyzeFromClause(state, update.fromClause ?? []);
  target.item.lateralOnly = false;
  target.item.lateralOk = true;
  const where = condition(state, update.whereClause, 'where', 'WHERE');
  const returning = returningList(state, update.returningList, 'returning');
  const targetList = updateTargetList(state, update.targetList ?? [], target);
  const query = makeQuery(state, 'update', {
    hasRecursive,
    resultRelation: target.item.rtIndex,
    targetList,
    returningList: returning,
    joinTree: fromExpr(state, where),
  });
  assignQueryCollations(state, query);
  return query;
}

/** Binds a SET list to assignments of the target's columns. */
export function updateTargetList(state: ParseState, nodes: readonly Node[], target: TargetTable): TargetEntry[] {
  const targets: TargetEntry[] = [];
  const raws: ResTarget[] = [];
  const rows = new RowSources();
  state.nextResno = 1;
  withKind(state, 'updateSource', () => {
    for (const node of nodes) {
      if (!('ResTarget' in node) || node.ResTarget.val === undefined) continue;
      raws.push(node.ResTarget);
      targets.push(
        makeTarget(sourceExpression(state, node.ResTarget.val, rows), state.nextResno++, node.ResTarget.name ?? ''),
      );
    }
  });
  targets.forEach((entry, index) => {
    const raw = raws[index] ?? {};
    const name = raw.name ?? '';
    const location = raw.location ?? 0;
    const indirection = raw.indirection ?? [];
    const hint =
      indirection.length > 0 && name === target.item.names.name
        ? 'SET target columns cannot be qualified with the relation name.'
        : undefined;
    const attribute = targetColumn(target.relation, name, location, { hint });
    withKind(state, 'updateTarget', () =>
      assignTo(state, entry, { item: target.item, attribute, indirection, forInsert: false, location }),
    );
    target.permissions.updated.add(attribute.number);
  });
  let resno = Math.max(state.nextResno, target.relation.attributes.length + 1);
  for (const link of rows.links) targets.push(makeTarget(link, resno++, null, true));
  return targets;
}

/** Subqueries of row assignments, in order: each is bound once and kept as a junk entry. */
class RowSources {
  readonly links: SubLink[] = [];
  readonly rows = new Map<number, readonly Expression[]>();
}

function sourceExpression(state: ParseState, node: Node, rows: RowSources): Expression {
  if ('SetToDefault' in node) {
    return {
      kind: 'SetToDefault',
      type: typeOid.unknown,
      typmod: -1,
      collation: 0,
      location: node.SetToDefault.location ?? 0,
    };
  }
  return 'MultiAssignRef' in node ? multiAssign(state, node.MultiAssignRef, rows) : analyzeExpr(state, node);
}

/** (a, b) = (SELECT ...) or ROW(...): the value of one of the columns. */
function multiAssign(state: ParseState, ref: MultiAssignRef, rows: RowSources): Expression {
  const { source } = ref;
  const column = ref.colno ?? 1;
  const width = ref.ncolumns ?? 0;
  if (source !== undefined && 'SubLink' in source && source.SubLink.subLinkType === 'EXPR_SUBLINK') {
    const location = source.SubLink.location ?? 0;
    if (column === 1) {
      const link = analyzeExpr(state, {
        SubLink: { ...source.SubLink, subLinkType: 'MULTIEXPR_SUBLINK', subLinkId: rows.links.length + 1 },
      });
      if (link.kind !== 'SubLink') throw new Error('invariant broken: a row assignment from no subquery');
      if (link.subquery.targetList.filter((entry) => !entry.junk).length !== width) {
        throw pgError(SqlState.syntaxError, 'number of columns does not match number of values', { location });
      }
      rows.links.push(link);
    }
    const link = rows.links[rows.links.length - 1];
    const entry = link?.subquery.targetList.filter((candidate) => !candidate.junk)[column - 1];
    if (link === undefined || entry === undefined)
      throw new Error('invariant broken: a row assignment without its subquery');
    return {
      kind: 'Param',
      paramKind: 'sublink',
      id: link.id * 65536 + column,
      type: expressionType(entry.expr),
      typmod: expressionTypmod(entry.expr),
      collation: expressionCollation(entry.expr),
      location,
    };
  }
  if (source !== undefined && 'RowExpr' in source) {
    const args = source.RowExpr.args ?? [];
    if (args.length !== width) {
      throw pgError(SqlState.syntaxError, 'number of columns does not match number of values', {
        location: source.RowExpr.location ?? 0,
      });
    }
    const value = args[column - 1];
    if (value !== undefined) return sourceExpression(state, value, rows);
  }
  throw pgError(
    SqlState.featureNotSupported,
    'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression',
    { location: locationOf(source) },
  );
}

function locationOf(node: Node | undefined): number {
  if (node === undefined) return -1;
  const [body] = Object.values(node) as { location?: number }[];
  return body?.location ?? 0;
}
