// Expressions outside of queries: defaults, checks, index expressions, USING clauses, EXECUTE and CALL arguments. Which
// names are visible and what is refused depends on the place (ExpressionScope in commands/api.ts, of which this is a copy
// of the parts that matter here).
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { expressionLocation, expressionType } from '../trees/expression-type.js';
import type { RelationRte } from '../trees/query.js';
import type { Node } from '../trees/statement.js';
import { someExpression } from '../trees/walk.js';
import { coerceToBoolean, coerceToTarget, coerceType } from './coercion/coerce.js';
import { assignExpressionCollations } from './collations.js';
import type { AnalyzerContext } from './context.js';
import { analyzeExpr } from './expressions/expression.js';
import { analyzeFuncCall } from './expressions/func-call.js';
import { type ExpressionKind, makeParseState, type NamespaceColumn, type ParseState, withKind } from './parse-state.js';
import { addEntry, addItemToQuery, addRelation, namespaceItem } from './range-table.js';
import { expandArguments } from '../catalog/expand-arguments.js';
import { formatType } from './type-names.js';
import { typeOid } from './type-oids.js';

interface Shape {
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
}

/** Where a DDL expression stands. */
export interface ExpressionPlace {
  readonly use:
    | 'columnDefault'
    | 'generatedColumn'
    | 'checkConstraint'
    | 'domainCheck'
    | 'indexExpression'
    | 'indexPredicate'
    | 'alterColumnUsing'
    | 'functionDefault'
    | 'copyWhere'
    | 'executeParameter'
    | 'callArgument'
    | 'triggerWhen'
    | 'policy'
    | 'setValue';
  readonly relation: number;
  readonly columns?: readonly (Shape & { readonly name: string })[];
  readonly valueType?: Shape;
  readonly target?: Shape & { readonly columnName: string };
}

const kinds = {
  columnDefault: 'columnDefault',
  generatedColumn: 'generatedColumn',
  checkConstraint: 'checkConstraint',
  domainCheck: 'domainCheck',
  indexExpression: 'indexExpression',
  indexPredicate: 'indexPredicate',
  alterColumnUsing: 'alterColumnTransform',
  functionDefault: 'functionDefault',
  copyWhere: 'copyWhere',
  executeParameter: 'executeParameter',
  callArgument: 'call',
  triggerWhen: 'triggerWhen',
  policy: 'policy',
  setValue: 'other',
} as const satisfies Record<ExpressionPlace['use'], ExpressionKind>;

const conditions: Partial<Record<ExpressionPlace['use'], string>> = {
  checkConstraint: 'CHECK',
  domainCheck: 'CHECK',
  indexPredicate: 'WHERE',
  copyWhere: 'WHERE',
  triggerWhen: 'WHEN',
  policy: 'POLICY',
};

/** Binds an expression of a command. Table columns are Vars of range table entry 1. Throws 0A000, 42804, 42P10, 42P17. */
export function analyzeExpression(node: Node, place: ExpressionPlace, context: AnalyzerContext): Expression {
  const state = makeParseState(null, context);
  if (place.use === 'domainCheck' && place.valueType !== undefined) {
    state.domainValue = { kind: 'CoerceToDomainValue', ...shapeFields(place.valueType), location: -1 };
  }
  addColumns(state, place);
  let bound = withKind(state, kinds[place.use], () =>
    place.use === 'callArgument' && 'FuncCall' in node
      ? analyzeFuncCall(state, node.FuncCall, true)
      : analyzeExpr(state, node),
  );
  const construct = conditions[place.use];
  if (construct !== undefined) bound = coerceToBoolean(state, bound, construct);
  if (place.target !== undefined) bound = coerceToColumn(state, bound, place, place.target);
  else if (expressionType(bound) === typeOid.unknown) {
    bound = coerceType(state, bound, typeOid.text, -1, { context: 'implicit', form: 'implicitCast', location: -1 });
  }
  assignExpressionCollations(state, bound);
  bound = expandArguments(context.catalog, bound);
  refuse(state, place, bound);
  return bound;
}

function shapeFields(shape: Shape): Shape {
  return { type: shape.type, typmod: shape.typmod, collation: shape.collation };
}

function addColumns(state: ParseState, place: ExpressionPlace): void {
  const catalog = state.context.catalog;
  if (place.columns !== undefined) {
    const relation = place.relation === 0 ? null : catalog.relation(place.relation);
    const name = relation?.name ?? '';
    const entry: RelationRte = {
      kind: 'relation',
      alias: null,
      eref: { name, columns: place.columns.map((column) => column.name) },
      lateral: false,
      inFromClause: true,
      relation: place.relation,
      relkind: 'r',
      lockMode: 1,
      inherit: false,
      tableSample: null,
      permissions: null,
    };
    const rtIndex = addEntry(state, entry, null);
    const columns = place.columns.map(
      (column, index): NamespaceColumn =>
        column.name === ''
          ? { varno: 0, attno: 0, type: 0, typmod: -1, collation: 0, hidden: false }
          : { varno: rtIndex, attno: index + 1, ...shapeFields(column), hidden: false },
    );
    addItemToQuery(state, namespaceItem(entry, rtIndex, columns), { join: false, relationName: true, columns: true });
  } else if (place.use === 'triggerWhen') {
    // OLD is range table entry 1, NEW is 2; without a name before it every column is ambiguous.
    for (const name of ['old', 'new']) {
      const alias = { name, columns: [] };
      const options = { alias, inherit: false, inFromClause: true, lockMode: 1 };
      const item = addRelation(state, catalog.requireRelation(place.relation), options);
      addItemToQuery(state, item, { join: false, relationName: true, columns: true });
    }
  } else if (place.relation !== 0) {
    const item = addRelation(state, catalog.requireRelation(place.relation), {
      alias: null,
      inherit: false,
      inFromClause: true,
      lockMode: 1,
    });
    addItemToQuery(state, item, { join: false, relationName: true, columns: true });
  }
}

function coerceToColumn(
  state: ParseState,
  bound: Expression,
  place: ExpressionPlace,
  target: NonNullable<ExpressionPlace['target']>,
): Expression {
  const catalog = state.context.catalog;
  const from = expressionType(bound);
  const coerced = coerceToTarget(state, bound, target.type, target.typmod, {
    context: 'assignment',
    form: 'implicitCast',
    location: -1,
  });
  if (coerced !== null) return coerced;
  const fromName = formatType(catalog, from);
  const toName = formatType(catalog, target.type);
  const hint = 'You will need to rewrite or cast the expression.';
  if (place.use === 'alterColumnUsing') {
    throw pgError(
      SqlState.datatypeMismatch,
      `result of USING clause for column "${target.columnName}" cannot be cast automatically to type ${toName}`,
      { hint: 'You might need to add an explicit cast.' },
    );
  }
  if (place.use === 'executeParameter') {
    throw pgError(
      SqlState.datatypeMismatch,
      `parameter ${target.columnName} of type ${fromName} cannot be coerced to the expected type ${toName}`,
      { hint, location: expressionLocation(bound) },
    );
  }
  if (place.use === 'functionDefault') {
    throw pgError(SqlState.datatypeMismatch, `argument of DEFAULT must be type ${toName}, not type ${fromName}`, {
      location: expressionLocation(bound),
    });
  }
  throw pgError(
    SqlState.datatypeMismatch,
    `column "${target.columnName}" is of type ${toName} but default expression is of type ${fromName}`,
    { hint },
  );
}

function refuse(state: ParseState, place: ExpressionPlace, bound: Expression): void {
  switch (place.use) {
    case 'generatedColumn':
      refuseInGenerated(state, place, bound);
      return;
    case 'copyWhere':
      refuseInCopy(state, place, bound);
      return;
    default:
      return;
  }
}

function refuseInGenerated(state: ParseState, place: ExpressionPlace, bound: Expression): void {
  const relation = place.relation === 0 ? null : state.context.catalog.relation(place.relation);
  someExpression(bound, (node) => {
    if (node.kind !== 'Var') return false;
    if (node.attno === 0) {
      throw pgError(SqlState.invalidObjectDefinition, 'cannot use whole-row variable in column generation expression', {
        detail: 'This would cause the generated column to depend on its own value.',
        location: node.location,
      });
    }
    const attribute = relation?.attributes[node.attno - 1];
    if (attribute !== undefined && attribute.generated !== '') {
      throw pgError(
        SqlState.invalidObjectDefinition,
        `cannot use generated column "${attribute.name}" in column generation expression`,
        { detail: 'A generated column cannot reference another generated column.', location: node.location },
      );
    }
    return false;
  });
}

function refuseInCopy(state: ParseState, place: ExpressionPlace, bound: Expression): void {
  const relation = place.relation === 0 ? null : state.context.catalog.relation(place.relation);
  someExpression(bound, (node) => {
    if (node.kind !== 'Var') return false;
    // A whole row has them all.
    const attribute =
      node.attno === 0
        ? relation?.attributes.find((candidate) => candidate.generated !== '')
        : relation?.attributes[node.attno - 1];
    if (attribute !== undefined && attribute.generated !== '') {
      throw pgError(
        SqlState.invalidColumnReference,
        'generated columns are not supported in COPY FROM WHERE conditions',
        {
          detail: `Column "${attribute.name}" is a generated column.`,
        },
      );
    }
    return false;
  });
}
