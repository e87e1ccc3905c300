// Bound expressions as SQL. `showImplicit` asks for casts that nobody wrote: they are shown where leaving them out could
// make the text resolve otherwise (operator and function arguments) and hidden elsewhere, as PostgreSQL does.
import { unreachable } from '../../errors/unreachable.js';
import { expressionType, lengthCoercionTypmod } from '../../trees/expression-type.js';
import type { Expression, FuncExpr, OpExpr } from '../../trees/expression.js';
import { quoteIdentifier, quoteQualifiedIdentifier } from '../../types/quote.js';
import { deparseAggregate, deparseWindowFunction } from './aggregates.js';
import { deparseJsonConstructor } from './json-constructor.js';
import { deparseConstant } from './constant.js';
import type { DeparseContext } from './context.js';
import { deparseParam, deparseSubPlan, deparseVar } from './references.js';
import { isSimpleNode } from './simple-node.js';
import { deparseSqlSyntax } from './sql-syntax.js';
import { deparseSubLink } from './sublink.js';
import { indent } from './writer.js';

/** Appends the expression to the context's writer. */
export function deparse(context: DeparseContext, node: Expression, showImplicit: boolean): void {
  const { writer } = context;
  switch (node.kind) {
    case 'Var':
      deparseVar(context, node, false);
      return;
    case 'Const':
      deparseConstant(context, node, 'asNeeded');
      return;
    case 'Param':
      deparseParam(context, node);
      return;
    case 'Aggref':
      deparseAggregate(context, node);
      return;
    case 'GroupingFunc':
      writer.append('GROUPING(');
      deparseList(context, node.args, true);
      writer.append(')');
      return;
    case 'WindowFunc':
      deparseWindowFunction(context, node);
      return;
    case 'SubscriptingRef':
      deparseSubscripts(context, node);
      return;
    case 'FuncExpr':
      deparseFunction(context, node, showImplicit);
      return;
    case 'NamedArgExpr':
      writer.append(`${quoteIdentifier(node.name)} => `);
      deparse(context, node.arg, showImplicit);
      return;
    case 'OpExpr':
      deparseOperator(context, node);
      return;
    case 'SubLink':
      deparseSubLink(context, node);
      return;
    case 'SubPlan':
      deparseSubPlan(context, node);
      return;
    default:
      deparseForm(context, node, showImplicit);
  }
}

type Form = Exclude<
  Expression,
  {
    kind:
      | 'Var'
      | 'Const'
      | 'Param'
      | 'Aggref'
      | 'GroupingFunc'
      | 'WindowFunc'
      | 'SubscriptingRef'
      | 'FuncExpr'
      | 'NamedArgExpr'
      | 'OpExpr'
      | 'SubLink'
      | 'SubPlan';
  }
>;

/** SQL's special forms that combine operands. */
function deparseForm(context: DeparseContext, node: Form, showImplicit: boolean): void {
  const { writer } = context;
  switch (node.kind) {
    case 'DistinctExpr':
      fenced(context, () => {
        deparseOperand(context, node.args[0], true, node);
        writer.append(' IS DISTINCT FROM ');
        deparseOperand(context, node.args[1], true, node);
      });
      return;
    case 'NullIfExpr':
      call(context, 'NULLIF', node.args);
      return;
    case 'ScalarArrayOpExpr':
      fenced(context, () => {
        deparseOperand(context, node.args[0], true, node);
        writer.append(` ${operatorName(context, node.operator)} ${node.useOr ? 'ANY' : 'ALL'} (`);
        deparseOperand(context, node.args[1], true, node);
        // A subquery here would read as a set of rows: the cast keeps it an array.
        if (node.args[1].kind === 'SubLink') writer.append(`::${typeName(context, expressionType(node.args[1]), -1)}`);
        writer.append(')');
      });
      return;
    case 'BoolExpr':
      deparseBoolean(context, node);
      return;
    case 'CaseExpr':
      deparseCase(context, node);
      return;
    case 'CaseTestExpr':
      writer.append('CASE_TEST_EXPR');
      return;
    case 'ArrayExpr':
      writer.append('ARRAY[');
      deparseList(context, node.elements, true);
      writer.append(']');
      // An empty array has no elements to tell its type.
      if (node.elements.length === 0) writer.append(`::${typeName(context, node.type, -1)}`);
      return;
    case 'RowExpr':
      call(context, 'ROW', node.args);
      if (node.form === 'explicitCast') writer.append(`::${typeName(context, node.type, -1)}`);
      return;
    case 'RowCompareExpr':
      fenced(context, () => {
        call(context, 'ROW', node.left);
        writer.append(` ${operatorName(context, node.operators[0] ?? 0)} `);
        call(context, 'ROW', node.right);
      });
      return;
    case 'CoalesceExpr':
      call(context, 'COALESCE', node.args);
      return;
    case 'MinMaxExpr':
      call(context, node.op === 'greatest' ? 'GREATEST' : 'LEAST', node.args);
      return;
    case 'NullTest':
      fenced(context, () => {
        deparseOperand(context, node.arg, true, node);
        const isRow = !node.argIsRow && isRowType(context, expressionType(node.arg));
        // A row argument whose fields are not to be looked at means IS [NOT] DISTINCT FROM NULL.
        if (isRow) writer.append(node.isNull ? ' IS NOT DISTINCT FROM NULL' : ' IS DISTINCT FROM NULL');
        else writer.append(node.isNull ? ' IS NULL' : ' IS NOT NULL');
      });
      return;
    case 'BooleanTest':
      fenced(context, () => {
        deparseOperand(context, node.arg, false, node);
        writer.append(booleanTests[node.test]);
      });
      return;
    default:
      deparseCoercionOrLeaf(context, node, showImplicit);
  }
}

const booleanTests = {
  true: ' IS TRUE',
  notTrue: ' IS NOT TRUE',
  false: ' IS FALSE',
  notFalse: ' IS NOT FALSE',
  unknown: ' IS UNKNOWN',
  notUnknown: ' IS NOT UNKNOWN',
} as const;

type CoercionOrLeaf = Extract<
  Form,
  {
    kind:
      | 'RelabelType'
      | 'CoerceViaIO'
      | 'ArrayCoerceExpr'
      | 'ConvertRowtypeExpr'
      | 'CoerceToDomain'
      | 'CollateExpr'
      | 'FieldSelect'
      | 'FieldStore'
      | 'SqlValueFunction'
      | 'JsonConstructorExpr'
      | 'JsonIsPredicate'
      | 'MergeSupportFunc'
      | 'CoerceToDomainValue'
      | 'SetToDefault'
      | 'CurrentOfExpr'
      | 'NextValueExpr'
      | 'PlaceHolderVar';
  }
>;

function deparseCoercionOrLeaf(context: DeparseContext, node: CoercionOrLeaf, showImplicit: boolean): void {
  const { writer } = context;
  switch (node.kind) {
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
    case 'ConvertRowtypeExpr':
    case 'CoerceToDomain':
      if (node.form === 'implicitCast' && !showImplicit) deparseOperand(context, node.arg, false, node);
      else deparseCoercion(context, node.arg, node.type, 'typmod' in node ? node.typmod : -1, node);
      return;
    case 'CollateExpr':
      fenced(context, () => {
        deparseOperand(context, node.arg, showImplicit, node);
        writer.append(` COLLATE ${collationName(context, node.collation)}`);
      });
      return;
    case 'FieldSelect':
      deparseFieldSelect(context, node);
      return;
    case 'FieldStore':
      // Only UPDATE and INSERT have it, and there its field goes with the column name.
      deparse(context, node.newValues[0] ?? node.arg, showImplicit);
      return;
    case 'SqlValueFunction':
      writer.append(sqlValueText(node.op, node.typmod));
      return;
    case 'JsonConstructorExpr':
      deparseJsonConstructor(context, node);
      return;
    case 'JsonIsPredicate':
      fenced(context, () => {
        deparseOperand(context, node.arg, true, node);
        writer.append(` IS JSON${node.itemType === 'any' ? '' : ` ${node.itemType.toUpperCase()}`}`);
        if (node.uniqueKeys) writer.append(' WITH UNIQUE KEYS');
      });
      return;
    case 'MergeSupportFunc':
      writer.append('MERGE_ACTION()');
      return;
    case 'CoerceToDomainValue':
      writer.append('VALUE');
      return;
    case 'SetToDefault':
      writer.append('DEFAULT');
      return;
    case 'CurrentOfExpr':
      writer.append(`CURRENT OF ${quoteIdentifier(node.cursorName)}`);
      return;
    case 'NextValueExpr':
      writer.append(`nextval('${relationName(context, node.sequence).replaceAll("'", "''")}'::regclass)`);
      return;
    case 'PlaceHolderVar':
      deparse(context, node.arg, showImplicit);
      return;
    default:
      unreachable(node, 'expression');
  }
}

/** An operand, in parentheses only where leaving them out would change its meaning (pretty) or it has none itself. */
export function deparseOperand(
  context: DeparseContext,
  node: Expression | undefined,
  showImplicit: boolean,
  parent: Expression | null,
): void {
  if (!node) return;
  const needsParentheses = context.options.pretty && !isSimpleNode(context.catalog, node, parent);
  if (needsParentheses) context.writer.append('(');
  deparse(context, node, showImplicit);
  if (needsParentheses) context.writer.append(')');
}

/** Operands separated by commas. */
export function deparseList(context: DeparseContext, nodes: readonly Expression[], showImplicit: boolean): void {
  nodes.forEach((node, index) => {
    if (index > 0) context.writer.append(', ');
    deparse(context, node, showImplicit);
  });
}

/** Parentheses around what `body` writes, except in pretty text, where the parent decides. */
function fenced(context: DeparseContext, body: () => void): void {
  const { writer, options } = context;
  if (!options.pretty) writer.append('(');
  body();
  if (!options.pretty) writer.append(')');
}

function call(context: DeparseContext, name: string, args: readonly Expression[]): void {
  context.writer.append(`${name}(`);
  deparseList(context, args, true);
  context.writer.append(')');
}

function deparseOperator(context: DeparseContext, node: OpExpr): void {
  const { writer } = context;
  const name = operatorName(context, node.operator);
  fenced(context, () => {
    if (node.args.length === 2) {
      deparseOperand(context, node.args[0], true, node);
      writer.append(` ${name} `);
      deparseOperand(context, node.args[1], true, node);
    } else {
      writer.append(`${name} `);
      deparseOperand(context, node.args[0], true, node);
    }
  });
}

function deparseBoolean(context: DeparseContext, node: Extract<Expression, { kind: 'BoolExpr' }>): void {
  const { writer } = context;
  fenced(context, () => {
    if (node.op === 'not') writer.append('NOT ');
    node.args.forEach((arg, index) => {
      if (index > 0) writer.append(node.op === 'and' ? ' AND ' : ' OR ');
      deparseOperand(context, arg, false, node);
    });
  });
}

function deparseCase(context: DeparseContext, node: Extract<Expression, { kind: 'CaseExpr' }>): void {
  const { writer } = context;
  // EXPLAIN's expressions stand on one line.
  const line = (text: string, before: number, after: number): void => {
    if (context.isExplain) writer.append(text === 'CASE' ? text : ` ${text}`);
    else writer.line(text, before, after, 0);
  };
  line('CASE', 0, indent.item);
  if (node.arg) {
    writer.append(' ');
    deparse(context, node.arg, true);
  }
  for (const when of node.whens) {
    line('WHEN ', 0, 0);
    deparse(context, node.arg ? caseComparand(when.condition) : when.condition, false);
    writer.append(' THEN ');
    deparse(context, when.result, true);
  }
  line('ELSE ', 0, 0);
  if (node.defaultResult) deparse(context, node.defaultResult, true);
  else writer.append('NULL');
  line('END', -indent.item, 0);
}

/** CASE x WHEN y: the condition is `x = y` with x left open; y is what was written. */
function caseComparand(condition: Expression): Expression {
  if (condition.kind === 'OpExpr' && condition.args.length === 2) {
    const [left, right] = condition.args;
    if (left && right && stripImplicit(left).kind === 'CaseTestExpr') return right;
  }
  return condition;
}

function stripImplicit(node: Expression): Expression {
  if (node.kind === 'FuncExpr' && node.form === 'implicitCast' && node.args[0]) return stripImplicit(node.args[0]);
  if (
    (node.kind === 'RelabelType' || node.kind === 'CoerceViaIO' || node.kind === 'ArrayCoerceExpr') &&
    node.form === 'implicitCast'
  ) {
    return stripImplicit(node.arg);
  }
  return node;
}

function deparseFunction(context: DeparseContext, node: FuncExpr, showImplicit: boolean): void {
  const { writer } = context;
  const first = node.args[0];
  if (node.form === 'implicitCast' && !showImplicit && first) {
    deparseOperand(context, first, false, node);
    return;
  }
  if ((node.form === 'explicitCast' || node.form === 'implicitCast') && first) {
    deparseCoercion(context, first, node.type, lengthCoercionTypmod(node) ?? -1, node);
    return;
  }
  if (node.form === 'sqlSyntax' && deparseSqlSyntax(context, node)) return;
  writer.append(`${functionName(context, node.function)}(`);
  node.args.forEach((arg, index) => {
    if (index > 0) writer.append(', ');
    if (node.variadic && index === node.args.length - 1) writer.append('VARIADIC ');
    deparse(context, arg, true);
  });
  writer.append(')');
}

/** arg::type; a constant of that very type is its own literal. */
function deparseCoercion(
  context: DeparseContext,
  arg: Expression,
  type: number,
  typmod: number,
  parent: Expression,
): void {
  const { writer, options } = context;
  if (arg.kind === 'Const' && arg.type === type && arg.typmod === -1) {
    deparseConstant(context, arg, 'never');
  } else {
    if (!options.pretty) writer.append('(');
    deparseOperand(context, arg, false, parent);
    if (!options.pretty) writer.append(')');
  }
  writer.append(`::${typeName(context, type, typmod)}`);
}

function deparseSubscripts(context: DeparseContext, node: Extract<Expression, { kind: 'SubscriptingRef' }>): void {
  const { writer } = context;
  const isPlain = node.container.kind === 'Var' || node.container.kind === 'FieldSelect';
  if (!isPlain) writer.append('(');
  deparse(context, node.container, false);
  if (!isPlain) writer.append(')');
  node.upper.forEach((upper, index) => {
    writer.append('[');
    if (node.lower.length > 0) {
      const lower = node.lower[index];
      if (lower) deparse(context, lower, false);
      writer.append(':');
    }
    if (upper) deparse(context, upper, false);
    writer.append(']');
  });
}

function deparseFieldSelect(context: DeparseContext, node: Extract<Expression, { kind: 'FieldSelect' }>): void {
  const { writer, catalog } = context;
  const needsParentheses = node.arg.kind !== 'SubscriptingRef' && node.arg.kind !== 'FieldSelect';
  if (needsParentheses) writer.append('(');
  deparse(context, node.arg, true);
  if (needsParentheses) writer.append(')');
  const type = catalog.findTypeByOid(expressionType(node.arg));
  const named = type?.attributes.find((attribute) => attribute.number === node.fieldNumber)?.name;
  const ofRow = node.arg.kind === 'RowExpr' ? node.arg.columnNames[node.fieldNumber - 1] : undefined;
  writer.append(`.${quoteIdentifier(named ?? ofRow ?? `f${node.fieldNumber}`)}`);
}

function sqlValueText(op: Extract<Expression, { kind: 'SqlValueFunction' }>['op'], typmod: number): string {
  const name = op.toUpperCase();
  return typmod >= 0 ? `${name}(${typmod})` : name;
}

function isRowType(context: DeparseContext, type: number): boolean {
  const descriptor = context.catalog.findTypeByOid(type);
  return descriptor?.kind === 'c' || descriptor?.oid === 2249;
}

/** The operator as it must be written for the search path to find it. */
export function operatorName(context: DeparseContext, oid: number): string {
  const operator = context.catalog.requireOperator(oid);
  if (context.catalog.visibility.operator(oid)) return operator.name;
  return `OPERATOR(${quoteIdentifier(context.catalog.namespace(operator.schema)?.name ?? '')}.${operator.name})`;
}

export function functionName(context: DeparseContext, oid: number): string {
  const { name, schema } = context.catalog.requireFunction(oid);
  const isVisible = context.catalog.visibility.function(oid);
  return quoteQualifiedIdentifier(isVisible ? null : (context.catalog.namespace(schema)?.name ?? ''), name);
}

export function relationName(context: DeparseContext, oid: number): string {
  const relation = context.catalog.requireRelation(oid);
  const isVisible = !context.options.qualify && context.catalog.visibility.relation(relation.name, relation.schema);
  return quoteQualifiedIdentifier(isVisible ? null : relation.schemaName, relation.name);
}

export function typeName(context: DeparseContext, type: number, typmod: number): string {
  return context.catalog.formatType(type, typmod);
}

export function collationName(context: DeparseContext, oid: number): string {
  const collation = context.catalog.collation(oid);
  if (!collation) return String(oid);
  const columns = { name: 'collname', namespace: 'collnamespace' };
  const isVisible = context.catalog.visibility.named('pg_collation', columns, collation.name, collation.schema);
  return quoteQualifiedIdentifier(
    isVisible ? null : (context.catalog.namespace(collation.schema)?.name ?? ''),
    collation.name,
  );
}
