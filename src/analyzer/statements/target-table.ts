// The target of INSERT, UPDATE, DELETE and MERGE, and their RETURNING lists.
import type { Node, RangeVar } from '@pgsql/types';
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { TargetEntry } from '../../trees/expression.js';
import { findCte, openRelation } from '../from/from-clause.js';
import type { MutablePermissions, NamespaceItem, ParseState } from '../parse-state.js';
import { addItemToQuery, addRelation, boundAlias } from '../range-table.js';
import { analyzeTargetList, markOrigins, resolveUnknowns } from '../target-list.js';

const rowExclusiveLock = 3;

export interface TargetTable {
  readonly relation: RelationDescriptor;
  readonly item: NamespaceItem;
  readonly permissions: MutablePermissions;
}

/** Opens the target and adds it to the range table. `alsoSource`: its columns are visible in the query too. */
export function setTargetTable(
  state: ParseState,
  range: RangeVar | undefined,
  options: { readonly inherit: boolean; readonly alsoSource: boolean; readonly required: number },
): TargetTable {
  const name = range?.relname ?? '';
  const isTransition = state.context.transitionTables?.has(name) === true;
  if (range?.schemaname === undefined && (isTransition || findCte(state, name) !== null)) {
    throw pgError(SqlState.syntaxError, `relation "${name}" cannot be the target of a modifying statement`);
  }
  const relation = openRelation(state, range ?? {});
  const item = addRelation(state, relation, {
    alias: boundAlias(range?.alias),
    inherit: options.inherit,
    inFromClause: false,
    lockMode: rowExclusiveLock,
  });
  const permissions = state.permissions[item.rtIndex - 1];
  if (!permissions) throw new Error('invariant broken: a target without permissions');
  permissions.required = options.required;
  state.targetItem = item;
  if (options.alsoSource) addItemToQuery(state, item, { join: true, relationName: true, columns: true });
  return { relation, item, permissions };
}

/** A live column of the target by name. Throws 42703. */
export function targetColumn(
  relation: RelationDescriptor,
  name: string,
  location: number,
  options: { readonly hint?: string | undefined; readonly isInsert?: boolean } = {},
): AttributeDescriptor {
  const attribute = relation.attributes.find((candidate) => candidate.name === name && !candidate.isDropped);
  if (attribute !== undefined) return attribute;
  if (!options.isInsert && ['ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid'].includes(name)) {
    throw pgError(SqlState.featureNotSupported, `cannot assign to system column "${name}"`, { location });
  }
  throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${relation.name}" does not exist`, {
    hint: options.hint,
    location,
  });
}

/** Binds RETURNING. */
export function returningList(
  state: ParseState,
  nodes: readonly Node[] | undefined,
  kind: 'returning' | 'mergeReturning',
): TargetEntry[] {
  if (nodes === undefined || nodes.length === 0) return [];
  const saved = state.nextResno;
  state.nextResno = 1;
  const targets = analyzeTargetList(state, nodes, kind);
  if (targets.length === 0) {
    throw pgError(SqlState.syntaxError, 'RETURNING must have at least one column');
  }
  markOrigins(state, targets);
  if (state.resolveUnknowns) resolveUnknowns(state, targets);
  state.nextResno = saved;
  return targets;
}
