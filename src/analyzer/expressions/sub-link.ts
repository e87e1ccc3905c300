// Subqueries in expressions: EXISTS, scalar, ARRAY(...), IN / ANY / ALL and row comparisons.
import type { SubLink as RawSubLink } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { stringsOf } from '../../trees/ast.js';
import type { Expression, SubLink } from '../../trees/expression.js';
import { expressionCollation, expressionType, expressionTypmod } from '../../trees/expression-type.js';
import type { Query } from '../../trees/query.js';
import { promoteToArray } from '../coercion/pathway.js';
import { elementType } from '../coercion/type-facts.js';
import type { ExpressionKind, ParseState } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { analyzeSubquery } from '../statements/subquery.js';
import { analyzeOptional } from './expression.js';
import { makeRowComparison } from './row-comparison.js';

const linkTypes = {
  EXISTS_SUBLINK: 'exists',
  ALL_SUBLINK: 'all',
  ANY_SUBLINK: 'any',
  ROWCOMPARE_SUBLINK: 'rowcompare',
  EXPR_SUBLINK: 'expr',
  MULTIEXPR_SUBLINK: 'multiexpr',
  ARRAY_SUBLINK: 'array',
  CTE_SUBLINK: 'cte',
} as const;

/** Binds a subquery expression. Throws 0A000 where none may stand, 42601 for wrong column counts. */
export function analyzeSubLink(state: ParseState, link: RawSubLink): Expression {
  const location = link.location ?? 0;
  const refused = refusals[state.expressionKind];
  if (refused !== undefined) throw pgError(SqlState.featureNotSupported, refused, { location });
  state.hasSubLinks = true;
  const linkType = linkTypes[link.subLinkType ?? 'EXPR_SUBLINK'];
  if (link.subselect === undefined) throw notSupported('a subquery without a query');
  const subquery = analyzeSubquery(state, link.subselect, { resolveUnknowns: true, lockedFromParent: false });
  const made = (test: Expression | null, operatorName: readonly string[], arrayType = 0): SubLink => ({
    kind: 'SubLink',
    linkType,
    id: link.subLinkId ?? 0,
    test,
    operatorName,
    subquery,
    arrayType,
    location,
  });
  switch (linkType) {
    case 'exists':
      return made(null, []);
    case 'expr':
    case 'array':
      return made(null, [], checkSingleColumn(state, subquery, linkType, location));
    case 'multiexpr':
    case 'cte':
      return made(null, []);
    default:
      return analyzeComparison(state, link, subquery, made, location);
  }
}

function checkSingleColumn(state: ParseState, subquery: Query, linkType: 'expr' | 'array', location: number): number {
  const columns = subquery.targetList.filter((entry) => !entry.junk);
  const [column] = columns;
  if (column === undefined || columns.length > 1) {
    throw pgError(
      SqlState.syntaxError,
      columns.length === 0 ? 'subquery must return a column' : 'subquery must return only one column',
      {
        location,
      },
    );
  }
  if (linkType === 'expr') return 0;
  const catalog = state.context.catalog;
  const type = expressionType(column.expr);
  const array = elementType(catalog, type) !== 0 ? type : promoteToArray(catalog, type);
  if (array === 0) {
    throw pgError(SqlState.undefinedObject, `could not find array type for data type ${formatType(catalog, type)}`, {
      location,
    });
  }
  return array;
}

function analyzeComparison(
  state: ParseState,
  link: RawSubLink,
  subquery: Query,
  made: (test: Expression, operatorName: readonly string[]) => SubLink,
  location: number,
): Expression {
  const left = analyzeOptional(state, link.testexpr);
  const leftList = left.kind === 'RowExpr' ? left.args : [left];
  const rightList = subquery.targetList
    .filter((entry) => !entry.junk)
    .map(
      (entry, index): Expression => ({
        kind: 'Param',
        paramKind: 'sublink',
        id: index + 1,
        type: expressionType(entry.expr),
        typmod: expressionTypmod(entry.expr),
        collation: expressionCollation(entry.expr),
        location: -1,
      }),
    );
  if (leftList.length < rightList.length) {
    throw pgError(SqlState.syntaxError, 'subquery has too many columns', { location });
  }
  if (leftList.length > rightList.length) {
    throw pgError(SqlState.syntaxError, 'subquery has too few columns', { location });
  }
  const operator = link.operName === undefined ? ['='] : stringsOf(link.operName);
  const test = makeRowComparison(state, operator, leftList, rightList, location);
  return made(test, operator);
}

const refusals: Partial<Record<ExpressionKind, string>> = {
  checkConstraint: 'cannot use subquery in check constraint',
  domainCheck: 'cannot use subquery in check constraint',
  columnDefault: 'cannot use subquery in DEFAULT expression',
  functionDefault: 'cannot use subquery in DEFAULT expression',
  indexExpression: 'cannot use subquery in index expression',
  indexPredicate: 'cannot use subquery in index predicate',
  alterColumnTransform: 'cannot use subquery in transform expression',
  executeParameter: 'cannot use subquery in EXECUTE parameter',
  triggerWhen: 'cannot use subquery in trigger WHEN condition',
  call: 'cannot use subquery in CALL argument',
  copyWhere: 'cannot use subquery in COPY FROM WHERE condition',
  generatedColumn: 'cannot use subquery in column generation expression',
};
