// Which conditions an index can answer: for each key column the comparisons, array tests, null tests, row comparisons
// and pattern prefixes that its operator family knows.
import type { Expression } from '../../../trees/expression.js';
import type { IndexQual } from '../../../trees/plan.js';
import { containsVolatile, relidsOfExpression } from '../../expressions/facts.js';
import { boolConst, makeOp } from '../../expressions/make.js';
import { equalTrees } from '../../expressions/equal.js';
import { stripNullingRels } from '../../expressions/nulling.js';
import { typeOf } from '../../expressions/typing.js';
import type { IndexClause } from '../../path.js';
import type { IndexOptInfo, PlannerInfo, RestrictInfo } from '../../planner-info.js';
import { overlaps } from '../../relids.js';
import { likePrefix, regexPrefix } from '../../selectivity/prefix.js';

const strategies = ['<', '<=', '=', '>=', '>'] as const;

/** Is the expression what the index column holds? */
export function matchesColumn(info: IndexOptInfo, column: number, expr: Expression): boolean {
  const key = info.columns[column];
  if (key === undefined) return false;
  let operand = expr;
  while (operand.kind === 'RelabelType') operand = operand.arg;
  let wanted = key;
  while (wanted.kind === 'RelabelType') wanted = wanted.arg;
  if (wanted.kind === 'Var')
    return (
      operand.kind === 'Var' &&
      operand.varno === wanted.varno &&
      operand.attno === wanted.attno &&
      operand.levelsUp === 0
    );
  return equalTrees(stripNullingRels(operand), stripNullingRels(wanted));
}

/** The condition as the index sees it at one of its key columns; null where it doesn't help. */
export function matchClause(
  root: PlannerInfo,
  info: IndexOptInfo,
  column: number,
  source: RestrictInfo,
): IndexClause | null {
  if (source.pseudoConstant) return null;
  const { clause } = source;
  const quals = matchExpression(root, info, column, clause);
  return quals === null ? null : { source, quals: quals.quals, column, lossy: quals.lossy };
}

interface Match {
  readonly quals: readonly IndexQual[];
  readonly lossy: boolean;
}

function matchExpression(root: PlannerInfo, info: IndexOptInfo, column: number, clause: Expression): Match | null {
  switch (clause.kind) {
    case 'OpExpr':
      return matchOperator(root, info, column, clause) ?? matchPattern(root, info, column, clause);
    case 'ScalarArrayOpExpr':
      return matchArray(root, info, column, clause);
    case 'NullTest':
      if (info.isHash || clause.argIsRow || !matchesColumn(info, column, clause.arg)) return null;
      return exact({ column, strategy: clause.isNull ? 'isNull' : 'isNotNull', value: null, clause });
    case 'RowCompareExpr':
      return matchRow(root, info, column, clause);
    default:
      return matchBoolean(info, column, clause);
  }
}

function exact(qual: IndexQual): Match {
  return { quals: [qual], lossy: false };
}

/** Values must not come from the relation itself, nor change from row to row. */
function isFree(root: PlannerInfo, info: IndexOptInfo, node: Expression): boolean {
  return !overlaps(relidsOfExpression(node), info.rel.relids) && !containsVolatile(node, root.global.catalog);
}

function collationMatches(info: IndexOptInfo, column: number, collation: number): boolean {
  const key = info.index.keys[column]?.collation ?? 0;
  return key === 0 || key === collation;
}

/** The operator's strategy in the column's family; null where it is not in it. */
function strategyOf(
  root: PlannerInfo,
  info: IndexOptInfo,
  column: number,
  operator: number,
): IndexQual['strategy'] | null {
  const family = info.index.keys[column]?.opfamily;
  const member = root.global.catalog.operatorFamilies(operator).find((item) => item.family === family);
  if (member === undefined) return null;
  if (info.isHash) return member.strategy === 1 ? '=' : null;
  return strategies[member.strategy - 1] ?? null;
}

function matchOperator(
  root: PlannerInfo,
  info: IndexOptInfo,
  column: number,
  clause: Extract<Expression, { kind: 'OpExpr' }>,
): Match | null {
  if (clause.args.length !== 2 || !collationMatches(info, column, clause.inputCollation)) return null;
  const [left, right] = clause.args as [Expression, Expression];
  if (matchesColumn(info, column, left) && isFree(root, info, right)) {
    const strategy = strategyOf(root, info, column, clause.operator);
    return strategy === null ? null : exact({ column, strategy, value: right, clause });
  }
  if (!matchesColumn(info, column, right) || !isFree(root, info, left)) return null;
  const commutator = root.global.catalog.operator(root.global.catalog.operator(clause.operator)?.commutator ?? 0);
  if (commutator === null) return null;
  const strategy = strategyOf(root, info, column, commutator.oid);
  if (strategy === null) return null;
  const turned: Expression = {
    ...clause,
    operator: commutator.oid,
    function: commutator.function,
    args: [right, left],
  };
  return exact({ column, strategy, value: left, clause: turned });
}

function matchArray(
  root: PlannerInfo,
  info: IndexOptInfo,
  column: number,
  clause: Extract<Expression, { kind: 'ScalarArrayOpExpr' }>,
): Match | null {
  if (!clause.useOr || info.isHash) return null;
  const [left, right] = clause.args;
  if (!matchesColumn(info, column, left) || !isFree(root, info, right)) return null;
  if (!collationMatches(info, column, clause.inputCollation)) return null;
  if (strategyOf(root, info, column, clause.operator) !== '=') return null;
  return exact({ column, strategy: 'any', value: right, clause });
}

function matchRow(
  root: PlannerInfo,
  info: IndexOptInfo,
  column: number,
  clause: Extract<Expression, { kind: 'RowCompareExpr' }>,
): Match | null {
  if (info.isHash) return null;
  const { catalog } = root.global;
  const onLeft = clause.left[0] !== undefined && matchesColumn(info, column, clause.left[0]);
  const onRight = !onLeft && clause.right[0] !== undefined && matchesColumn(info, column, clause.right[0]);
  if (!onLeft && !onRight) return null;
  const values = onLeft ? clause.right : clause.left;
  const first = values[0];
  const columnSide = onLeft ? clause.left[0] : clause.right[0];
  if (first === undefined || columnSide === undefined || !values.every((item) => isFree(root, info, item))) return null;
  if (!collationMatches(info, column, clause.inputCollations[0] ?? 0)) return null;
  const written = clause.operators[0] ?? 0;
  const operator = catalog.operator(onLeft ? written : (catalog.operator(written)?.commutator ?? 0));
  if (operator === null) return null;
  const strategy = strategyOf(root, info, column, operator.oid);
  if (strategy === null) return null;
  // The leading columns alone: rows equal in the first one may go either way and are rechecked.
  const loose = strategy === '<' || strategy === '<=' ? '<=' : '>=';
  const family = info.index.keys[column]?.opfamily ?? 0;
  const looseOid = catalog.familyOperator(family, operator.left, operator.right, loose === '<=' ? 2 : 4);
  const looseOperator = looseOid === 0 ? null : catalog.operator(looseOid);
  if (looseOperator === null) return null;
  const bound = makeOp(looseOperator, columnSide, first, clause.inputCollations[0] ?? 0);
  return { quals: [{ column, strategy: loose, value: first, clause: bound }], lossy: true };
}

/** A boolean column, alone or negated, is a comparison with a constant. */
function matchBoolean(info: IndexOptInfo, column: number, clause: Expression): Match | null {
  const key = info.columns[column];
  if (key === undefined || typeOf(key) !== 16) return null;
  const equals = (value: boolean, arg: Expression): Match =>
    exact({
      column,
      strategy: '=',
      value: boolConst(value),
      clause: {
        kind: 'OpExpr',
        operator: 91,
        function: 60,
        type: 16,
        returnsSet: false,
        collation: 0,
        inputCollation: 0,
        args: [arg, boolConst(value)],
        location: -1,
      },
    });
  if (matchesColumn(info, column, clause)) return equals(true, clause);
  if (clause.kind === 'BoolExpr' && clause.op === 'not') {
    const [arg] = clause.args;
    return arg !== undefined && matchesColumn(info, column, arg) ? equals(false, arg) : null;
  }
  if (clause.kind === 'BooleanTest' && matchesColumn(info, column, clause.arg)) {
    if (clause.test === 'true') return equals(true, clause.arg);
    if (clause.test === 'false') return equals(false, clause.arg);
  }
  return null;
}

const likeOperators = new Map<number, 'like' | 'ilike' | 'regex' | 'iregex' | 'starts'>([
  [1209, 'like'],
  [1207, 'like'],
  [1211, 'like'],
  [1627, 'ilike'],
  [1625, 'ilike'],
  [1629, 'ilike'],
  [641, 'regex'],
  [639, 'regex'],
  [1055, 'regex'],
  [1228, 'iregex'],
  [1226, 'iregex'],
  [1234, 'iregex'],
  [3877, 'starts'],
]);
/** text_pattern_ops, varchar_pattern_ops share a family; bpchar_pattern_ops has its own. Their order is by bytes. */
const patternFamilies = new Set([2095, 2097]);

const defaultCollation = 100;

function matchPattern(
  root: PlannerInfo,
  info: IndexOptInfo,
  column: number,
  clause: Extract<Expression, { kind: 'OpExpr' }>,
): Match | null {
  const kind = likeOperators.get(clause.operator);
  const [left, right] = clause.args;
  if (kind === undefined || left === undefined || right?.kind !== 'Const' || typeof right.value !== 'string')
    return null;
  if (!matchesColumn(info, column, left)) return null;
  const key = info.index.keys[column];
  if (key === undefined) return null;
  const byBytes = patternFamilies.has(key.opfamily) || isCOrder(root, key.collation);
  const prefix =
    kind === 'starts'
      ? { text: right.value, exact: false }
      : kind === 'like' || kind === 'ilike'
        ? likePrefix(right.value, kind === 'ilike')
        : regexPrefix(right.value, kind === 'iregex');
  if (prefix.text === '') return null;
  const inputType = typeOf(left);
  // Names are compared with texts: a pattern's prefix may be longer than a name.
  const [leftType, operandType] = inputType === 1042 ? [1042, 1042] : [inputType === 19 ? 19 : 25, 25];
  const make = (strategy: number, text: string): IndexQual | null => {
    const oid = root.global.catalog.familyOperator(key.opfamily, leftType, operandType, strategy);
    const operator = oid === 0 ? null : root.global.catalog.operator(oid);
    if (operator === null) return null;
    const value: Expression = { ...right, type: operandType, typmod: -1, collation: defaultCollation, value: text };
    const name = strategies[strategy - 1] ?? '=';
    return { column, strategy: name, value, clause: makeOp(operator, left, value, key.collation) };
  };
  if (prefix.exact) {
    const equal = make(3, prefix.text);
    return equal === null ? null : { quals: [equal], lossy: true };
  }
  if (!byBytes) return null;
  const low = make(4, prefix.text);
  const upper = nextPrefix(prefix.text);
  const high = upper === null ? null : make(1, upper);
  if (low === null) return null;
  return { quals: high === null ? [low] : [low, high], lossy: true };
}

function isCOrder(root: PlannerInfo, collation: number): boolean {
  if (collation === 950 || collation === 951) return true;
  const found = root.global.catalog.collation(collation);
  if (found === null) return false;
  if (found.provider === 'b') return true;
  return found.provider === 'c' && (found.collate === 'C' || found.collate === 'POSIX');
}

/** The least string greater than all that start with `text`; null where there is none. */
function nextPrefix(text: string): string | null {
  const points = [...text];
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? 0x10ffff;
    if (last < 0x10ffff) {
      const next = last + 1 === 0xd800 ? 0xe000 : last + 1;
      return points.join('') + String.fromCodePoint(next);
    }
  }
  return null;
}
