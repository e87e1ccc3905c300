// WINDOW definitions and OVER clauses: partition, order, and the frame with its offsets.
import type { Node, WindowDef } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionCollation, expressionLocation, expressionType } from '../../trees/expression-type.js';
import type { FrameBound, SortGroupClause, WindowClause, WindowFrame } from '../../trees/query.js';
import { coerceToSpecific, coerceToTarget } from '../coercion/coerce.js';
import { canCoerce } from '../coercion/pathway.js';
import { baseType } from '../coercion/type-facts.js';
import { analyzeExpr } from '../expressions/expression.js';
import { hasLocalVariables } from '../local-variables.js';
import { type ExpressionKind, type ParseState, withKind } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { groupClause } from './group.js';
import { sortClause } from './sort.js';

/** FRAMEOPTION_* bits of the grammar. */
const bits = {
  nonDefault: 0x1,
  range: 0x2,
  rows: 0x4,
  groups: 0x8,
  between: 0x10,
  startUnboundedPreceding: 0x20,
  endUnboundedPreceding: 0x40,
  startUnboundedFollowing: 0x80,
  endUnboundedFollowing: 0x100,
  startCurrentRow: 0x200,
  endCurrentRow: 0x400,
  startOffsetPreceding: 0x800,
  endOffsetPreceding: 0x1000,
  startOffsetFollowing: 0x2000,
  endOffsetFollowing: 0x4000,
  excludeCurrentRow: 0x8000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const;

/** Binds all windows of a query (named ones and those of OVER), adding what they sort by to the target list. */
export function windowClauses(
  state: ParseState,
  definitions: readonly WindowDef[],
  targets: TargetEntry[],
): WindowClause[] {
  const result: WindowClause[] = [];
  definitions.forEach((definition, index) => {
    result.push(bindWindow(state, definition, index + 1, result, targets));
  });
  return result;
}

function bindWindow(
  state: ParseState,
  definition: WindowDef,
  windowRef: number,
  known: readonly WindowClause[],
  targets: TargetEntry[],
): WindowClause {
  const location = definition.location ?? 0;
  if (definition.name !== undefined && known.some((window) => window.name === definition.name)) {
    throw pgError(SqlState.windowingError, `window "${definition.name}" is already defined`, { location });
  }
  const base =
    definition.refname === undefined ? null : (known.find((window) => window.name === definition.refname) ?? null);
  if (definition.refname !== undefined && base === null) {
    throw pgError(SqlState.undefinedObject, `window "${definition.refname}" does not exist`, { location });
  }
  const ordered = sortClause(state, definition.orderClause ?? [], targets, 'windowOrder', true);
  const partitioned = groupClause(state, definition.partitionClause ?? [], targets, ordered, {
    windowClauseKind: 'windowPartition',
  }).groups;
  const options = definition.frameOptions ?? 0;
  let partitionClause: readonly SortGroupClause[] = partitioned;
  let orderClause: readonly SortGroupClause[] = ordered;
  if (base !== null) {
    const refuse = (what: string, hint?: string): Error => pgError(SqlState.windowingError, what, { hint, location });
    if (partitioned.length > 0) throw refuse(`cannot override PARTITION BY clause of window "${definition.refname}"`);
    partitionClause = base.partitionClause;
    if (ordered.length > 0 && base.orderClause.length > 0) {
      throw refuse(`cannot override ORDER BY clause of window "${definition.refname}"`);
    }
    orderClause = ordered.length > 0 ? ordered : base.orderClause;
    if (base.frame.explicit) {
      if (definition.name !== undefined || ordered.length > 0 || (options & bits.nonDefault) !== 0) {
        throw refuse(`cannot copy window "${definition.refname}" because it has a frame clause`);
      }
      throw refuse(
        `cannot copy window "${definition.refname}" because it has a frame clause`,
        'Omit the parentheses in this OVER clause.',
      );
    }
  }
  const frame = bindFrame(state, definition, orderClause, targets);
  return {
    name: definition.name ?? null,
    refName: definition.refname ?? null,
    partitionClause,
    orderClause,
    frame,
    windowRef,
  };
}

function bindFrame(
  state: ParseState,
  definition: WindowDef,
  orderClause: readonly SortGroupClause[],
  targets: readonly TargetEntry[],
): WindowFrame {
  const options = definition.frameOptions ?? 0;
  const location = definition.location ?? 0;
  const has = (bit: number): boolean => (options & bit) !== 0;
  const mode = has(bits.rows) ? 'rows' : has(bits.groups) ? 'groups' : 'range';
  const offsets =
    bits.startOffsetPreceding | bits.startOffsetFollowing | bits.endOffsetPreceding | bits.endOffsetFollowing;
  let sortKey: { readonly entry: TargetEntry; readonly clause: SortGroupClause } | null = null;
  if (mode === 'range' && has(offsets)) {
    const [clause] = orderClause;
    if (orderClause.length !== 1 || clause === undefined) {
      throw pgError(
        SqlState.windowingError,
        'RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column',
        { location },
      );
    }
    const entry = targets.find((candidate) => candidate.sortGroupRef === clause.sortGroupRef);
    if (entry !== undefined) sortKey = { entry, clause };
  }
  if (mode === 'groups' && orderClause.length === 0) {
    throw pgError(SqlState.windowingError, 'GROUPS mode requires an ORDER BY clause', { location });
  }
  const start = bindOffset(state, definition.startOffset, mode, sortKey);
  const end = bindOffset(state, definition.endOffset, mode, sortKey);
  return {
    explicit: has(bits.nonDefault),
    mode,
    start: { kind: boundKind(options, true), offset: start.offset },
    end: { kind: boundKind(options, false), offset: end.offset },
    between: has(bits.between),
    exclusion: has(bits.excludeCurrentRow)
      ? 'currentRow'
      : has(bits.excludeGroup)
        ? 'group'
        : has(bits.excludeTies)
          ? 'ties'
          : 'none',
    startInRangeFunction: start.function,
    endInRangeFunction: end.function,
    inRangeCollation: sortKey === null ? 0 : expressionCollation(sortKey.entry.expr),
    inRangeAscending: sortKey === null || !sortKey.clause.descending,
    inRangeNullsFirst: sortKey?.clause.nullsFirst === true,
  };
}

function boundKind(options: number, start: boolean): FrameBound['kind'] {
  const has = (startBit: number, endBit: number): boolean => (options & (start ? startBit : endBit)) !== 0;
  if (has(bits.startUnboundedPreceding, bits.endUnboundedPreceding)) return 'unboundedPreceding';
  if (has(bits.startUnboundedFollowing, bits.endUnboundedFollowing)) return 'unboundedFollowing';
  if (has(bits.startOffsetPreceding, bits.endOffsetPreceding)) return 'offsetPreceding';
  if (has(bits.startOffsetFollowing, bits.endOffsetFollowing)) return 'offsetFollowing';
  return 'currentRow';
}

function bindOffset(
  state: ParseState,
  raw: Node | undefined,
  mode: WindowFrame['mode'],
  sortKey: { readonly entry: TargetEntry; readonly clause: SortGroupClause } | null,
): { readonly offset: Expression | null; readonly function: number } {
  if (raw === undefined) return { offset: null, function: 0 };
  const kind: ExpressionKind =
    mode === 'rows' ? 'windowFrameRows' : mode === 'groups' ? 'windowFrameGroups' : 'windowFrameRange';
  const name = mode.toUpperCase();
  const bound = withKind(state, kind, () => analyzeExpr(state, raw));
  if (mode !== 'range' || sortKey === null) {
    const offset = coerceToSpecific(state, bound, typeOid.int8, name);
    checkConstant(offset, name);
    return { offset, function: 0 };
  }
  const found = inRangeFunction(state, sortKey, expressionType(bound), bound);
  const offset =
    coerceToTarget(state, bound, found.offsetType, -1, { context: 'implicit', form: 'implicitCast', location: -1 }) ??
    bound;
  checkConstant(offset, name);
  return { offset, function: found.function };
}

function checkConstant(offset: Expression, name: string): void {
  const location = hasLocalVariables(offset);
  if (location !== null) {
    throw pgError(SqlState.invalidColumnReference, `argument of ${name} must not contain variables`, { location });
  }
}

/** The in_range support function of the sort column's family for an offset of a type. */
function inRangeFunction(
  state: ParseState,
  sortKey: { readonly entry: TargetEntry; readonly clause: SortGroupClause },
  offsetType: number,
  offset: Expression,
): { readonly function: number; readonly offsetType: number } {
  const catalog = state.context.catalog;
  const location = expressionLocation(offset);
  const columnType = expressionType(sortKey.entry.expr);
  const member = catalog
    .operatorFamilies(sortKey.clause.sortOperator)
    .find((candidate) => candidate.accessMethod === 'btree');
  const family = member?.family ?? 0;
  const inputType = member?.left ?? columnType;
  const candidates = catalog.tables
    .find('pg_amproc', { amprocfamily: family, amproclefttype: inputType })
    .filter(({ row }) => row.amprocnum === 3)
    .map(({ row }) => ({ type: Number(row.amprocrighttype), function: Number(row.amproc) }));
  const refuse = (message: string, hint?: string): Error =>
    pgError(SqlState.featureNotSupported, message, { hint, location });
  const columnName = formatType(catalog, inputType);
  if (candidates.length === 0) {
    throw refuse(`RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${columnName}`);
  }
  const wanted = offsetType === typeOid.unknown ? typeOid.unknown : baseType(catalog, offsetType);
  const exact = candidates.find((candidate) => candidate.type === wanted);
  if (exact !== undefined) return { function: exact.function, offsetType: exact.type };
  const fitting = candidates.filter((candidate) => canCoerce(catalog, [offsetType], [candidate.type], 'implicit'));
  const [first] = fitting;
  if (first === undefined) {
    throw refuse(
      `RANGE with offset PRECEDING/FOLLOWING is not supported for column type ${columnName} and offset type ${formatType(catalog, offsetType)}`,
      'Cast the offset value to an appropriate type.',
    );
  }
  if (fitting.length > 1) {
    const preferred = fitting.filter((candidate) => catalog.typeByOid(candidate.type).isPreferred);
    const same = fitting.find((candidate) => candidate.type === inputType);
    const chosen = offsetType === typeOid.unknown ? same : preferred[0];
    if (chosen !== undefined) return { function: chosen.function, offsetType: chosen.type };
    throw refuse(
      `RANGE with offset PRECEDING/FOLLOWING has multiple interpretations for column type ${columnName} and offset type ${formatType(catalog, offsetType)}`,
      'Cast the offset value to the exact intended type.',
    );
  }
  return { function: first.function, offsetType: first.type };
}
