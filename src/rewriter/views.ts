// Views in FROM become subqueries: their stored query, bound once, with the privileges of the view's owner. Works through
// all levels: subqueries, CTEs, SubLinks.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import { queryFromJson } from '../trees/json.js';
import type { Query, RangeTableEntry, RelationRte, RowMarkClause } from '../trees/query.js';
import { mapList, mapQueryExpressions, mapSubLinks } from '../trees/walk.js';
import type { RewriteContext } from './context.js';

/** Expands all views of a query. `open` lists the views that are being expanded. Throws 42P17 for endless recursion. */
export function expandViews(query: Query, context: RewriteContext, open: readonly number[]): Query {
  const descend = (subquery: Query): Query => expandViews(subquery, context, open);
  const withSubLinks = query.hasSubLinks
    ? mapQueryExpressions(query, (expression) => mapSubLinks(expression, descend))
    : query;
  const rangeTable = withSubLinks.rangeTable.map((entry, index) =>
    expandEntry(entry, index + 1, withSubLinks, context, open),
  );
  const ctes = mapList(withSubLinks.ctes, (cte) => {
    const body = descend(cte.query);
    return body === cte.query ? cte : { ...cte, query: body };
  });
  const changed = rangeTable.some((entry, index) => entry !== withSubLinks.rangeTable[index]);
  return changed || ctes !== withSubLinks.ctes ? { ...withSubLinks, rangeTable, ctes } : withSubLinks;
}

function expandEntry(
  entry: RangeTableEntry,
  rtIndex: number,
  query: Query,
  context: RewriteContext,
  open: readonly number[],
): RangeTableEntry {
  if (entry.kind === 'subquery') {
    const subquery = expandViews(entry.subquery, context, open);
    return subquery === entry.subquery ? entry : { ...entry, subquery };
  }
  if (entry.kind !== 'relation') return entry;
  const relation = context.catalog.relation(entry.relation);
  if (relation === null) return entry;
  if (relation.rowSecurity && rtIndex !== query.resultRelation) throw notSupported('row-level security');
  if (relation.kind === 'm' && !relation.isPopulated && context.isForLocks !== true) {
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `materialized view "${relation.name}" has not been populated`,
      {
        hint: 'Use the REFRESH MATERIALIZED VIEW command.',
      },
    );
  }
  if (relation.kind !== 'v' || rtIndex === query.resultRelation || !isReferenced(query, entry, rtIndex)) return entry;
  if (open.includes(relation.oid)) {
    throw pgError(
      SqlState.invalidObjectDefinition,
      `infinite recursion detected in rules for relation "${relation.name}"`,
    );
  }
  const mark = query.rowMarks.find((candidate) => candidate.rtIndex === rtIndex);
  return expandView(entry, relation, context, open, mark ?? null);
}

/** The target view of a rewritten DML statement stays in the range table for its privileges only. */
function isReferenced(query: Query, entry: RelationRte, rtIndex: number): boolean {
  return (
    entry.inFromClause ||
    query.joinTree.fromList.some((item) => item.kind === 'RangeTableRef' && item.rtIndex === rtIndex)
  );
}

function expandView(
  entry: RelationRte,
  relation: RelationDescriptor,
  context: RewriteContext,
  open: readonly number[],
  mark: RowMarkClause | null,
): RangeTableEntry {
  let stored = viewBody(relation, context);
  if (mark !== null) stored = lockRelations(stored, mark);
  const subquery = expandViews(stored, context, [...open, relation.oid]);
  return {
    kind: 'subquery',
    alias: entry.alias,
    eref: entry.eref,
    lateral: entry.lateral,
    inFromClause: entry.inFromClause,
    subquery,
    securityBarrier: hasOption(relation, 'security_barrier'),
    viewRelation: relation.oid,
    permissions: entry.permissions,
  };
}

/** A view's query as its users run it: privileges below it are checked for the owner, unless it is security_invoker. */
export function viewBody(relation: RelationDescriptor, context: RewriteContext): Query {
  const json = context.catalog.viewQuery(relation.oid);
  if (json === null) {
    throw notSupported(`view "${relation.name}" without a definition`);
  }
  const stored = storedQuery(json);
  return hasOption(relation, 'security_invoker') ? stored : checkedAs(stored, relation.owner);
}

const parsed = new Map<string, Query>();
const parsedMax = 500;

function storedQuery(json: string): Query {
  const known = parsed.get(json);
  if (known !== undefined) return known;
  const query = queryFromJson(json);
  if (parsed.size >= parsedMax) parsed.clear();
  parsed.set(json, query);
  return query;
}

/** True where a boolean reloption is set. */
export function hasOption(relation: RelationDescriptor, name: string): boolean {
  return relation.options.some((option) => {
    const [key, value = 'true'] = option.split('=');
    return key === name && ['true', 'on', '1', 'yes'].includes(value.toLowerCase());
  });
}

/** The query with the privileges of its relations checked for `owner`. */
function checkedAs(query: Query, owner: number): Query {
  const descend = (subquery: Query): Query => checkedAs(subquery, owner);
  const withSubLinks = query.hasSubLinks
    ? mapQueryExpressions(query, (expression) => mapSubLinks(expression, descend))
    : query;
  return {
    ...withSubLinks,
    rangeTable: withSubLinks.rangeTable.map((entry) => {
      if (entry.kind === 'subquery') return { ...entry, subquery: descend(entry.subquery) };
      if (entry.kind !== 'relation' || entry.permissions === null) return entry;
      return { ...entry, permissions: { ...entry.permissions, checkAsUser: owner } };
    }),
    ctes: withSubLinks.ctes.map((cte) => ({ ...cte, query: descend(cte.query) })),
  };
}

/** ACL_UPDATE: locking rows takes the privilege to change them. */
const aclUpdate = 4;

/** FOR UPDATE on a view locks the rows of what it selects from. */
function lockRelations(query: Query, mark: RowMarkClause): Query {
  const marks: RowMarkClause[] = [...query.rowMarks];
  const rangeTable = query.rangeTable.map((entry, index): RangeTableEntry => {
    if (!entry.inFromClause) return entry;
    if (entry.kind !== 'relation' && entry.kind !== 'subquery') return entry;
    if (!marks.some((known) => known.rtIndex === index + 1))
      marks.push({ ...mark, rtIndex: index + 1, pushedDown: true });
    if (entry.kind === 'relation') {
      const { permissions } = entry;
      const needed = permissions === null ? null : { ...permissions, required: permissions.required | aclUpdate };
      return { ...entry, lockMode: Math.max(entry.lockMode, 2), permissions: needed };
    }
    return { ...entry, subquery: lockRelations(entry.subquery, mark) };
  });
  return { ...query, rangeTable, rowMarks: marks, hasForUpdate: true };
}
