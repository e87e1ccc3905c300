// Where functions that return sets may stand.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { expressionLocation } from '../trees/expression-type.js';
import { expressionKindName, type ExpressionKind, type ParseState } from './parse-state.js';

/** Throws 0A000 where a set-returning call may not stand; marks the query where it may. `lastSet` is the last
 *  set-returning call that the state had seen before this one's arguments. */
export function checkSetPlacement(state: ParseState, lastSet: Expression | null, location: number): void {
  const kind = state.expressionKind;
  const refusal = refusals[kind];
  if (refusal === 'allowed') {
    state.hasTargetSets = true;
    return;
  }
  if (refusal === 'inFrom') {
    if (state.lastTargetSet !== lastSet) {
      throw pgError(SqlState.featureNotSupported, 'set-returning functions must appear at top level of FROM', {
        location: expressionLocation(state.lastTargetSet),
      });
    }
    return;
  }
  const message =
    refusal === 'generic' ? `set-returning functions are not allowed in ${expressionKindName(kind)}` : refusal;
  throw pgError(SqlState.featureNotSupported, message, { location });
}

const refusals = {
  none: 'generic',
  other: 'allowed',
  joinOn: 'set-returning functions are not allowed in JOIN conditions',
  joinUsing: 'set-returning functions are not allowed in JOIN conditions',
  fromSubselect: 'generic',
  fromFunction: 'inFrom',
  where: 'generic',
  policy: 'set-returning functions are not allowed in policy expressions',
  having: 'generic',
  filter: 'generic',
  windowPartition: 'set-returning functions are not allowed in window definitions',
  windowOrder: 'set-returning functions are not allowed in window definitions',
  windowFrameRange: 'set-returning functions are not allowed in window definitions',
  windowFrameRows: 'set-returning functions are not allowed in window definitions',
  windowFrameGroups: 'set-returning functions are not allowed in window definitions',
  selectTarget: 'allowed',
  insertTarget: 'allowed',
  updateSource: 'generic',
  updateTarget: 'generic',
  mergeWhen: 'set-returning functions are not allowed in MERGE WHEN conditions',
  groupBy: 'allowed',
  orderBy: 'allowed',
  distinctOn: 'allowed',
  limit: 'generic',
  offset: 'generic',
  returning: 'generic',
  mergeReturning: 'generic',
  values: 'generic',
  valuesSingle: 'allowed',
  checkConstraint: 'set-returning functions are not allowed in check constraints',
  domainCheck: 'set-returning functions are not allowed in check constraints',
  columnDefault: 'set-returning functions are not allowed in DEFAULT expressions',
  functionDefault: 'set-returning functions are not allowed in DEFAULT expressions',
  indexExpression: 'set-returning functions are not allowed in index expressions',
  indexPredicate: 'set-returning functions are not allowed in index predicates',
  alterColumnTransform: 'set-returning functions are not allowed in transform expressions',
  executeParameter: 'set-returning functions are not allowed in EXECUTE parameters',
  triggerWhen: 'set-returning functions are not allowed in trigger WHEN conditions',
  copyWhere: 'set-returning functions are not allowed in COPY FROM WHERE conditions',
  generatedColumn: 'set-returning functions are not allowed in column generation expressions',
  cycleMark: 'generic',
  call: 'set-returning functions are not allowed in CALL arguments',
} as const satisfies Record<ExpressionKind, string>;
