// Where aggregates, grouping operations and window functions may stand, and how messages call the other places.
import type { ExpressionKind } from '../parse-state.js';
import { expressionKindName } from '../parse-state.js';

/** Text after "... are not allowed in", null where an aggregate (or GROUPING) may stand. */
export function aggregateRefusal(kind: ExpressionKind): string | null {
  if (kind === 'fromSubselect') return 'FROM clause of their own query level';
  return allowedForAggregates.has(kind) ? null : placeName(kind);
}

/** Text after "window functions are not allowed in", null where one may stand. */
export function windowRefusal(kind: ExpressionKind): string | null {
  if (windowKinds.has(kind)) return 'window definitions';
  if (kind === 'fromSubselect') return 'FROM';
  return allowedForWindows.has(kind) ? null : placeName(kind);
}

const allowedForAggregates: ReadonlySet<ExpressionKind> = new Set([
  'other',
  'having',
  'windowPartition',
  'windowOrder',
  'selectTarget',
  'orderBy',
  'distinctOn',
]);
const allowedForWindows: ReadonlySet<ExpressionKind> = new Set(['other', 'selectTarget', 'orderBy', 'distinctOn']);
const windowKinds: ReadonlySet<ExpressionKind> = new Set([
  'windowPartition',
  'windowOrder',
  'windowFrameRange',
  'windowFrameRows',
  'windowFrameGroups',
]);

const special: Partial<Record<ExpressionKind, string>> = {
  joinOn: 'JOIN conditions',
  joinUsing: 'JOIN conditions',
  fromFunction: 'functions in FROM',
  policy: 'policy expressions',
  mergeWhen: 'MERGE WHEN conditions',
  checkConstraint: 'check constraints',
  domainCheck: 'check constraints',
  columnDefault: 'DEFAULT expressions',
  functionDefault: 'DEFAULT expressions',
  indexExpression: 'index expressions',
  indexPredicate: 'index predicates',
  alterColumnTransform: 'transform expressions',
  executeParameter: 'EXECUTE parameters',
  triggerWhen: 'trigger WHEN conditions',
  copyWhere: 'COPY FROM WHERE conditions',
  generatedColumn: 'column generation expressions',
  call: 'CALL arguments',
};

function placeName(kind: ExpressionKind): string {
  return special[kind] ?? expressionKindName(kind);
}
