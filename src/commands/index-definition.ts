// Resolves an index's parse tree (CREATE INDEX, PRIMARY KEY, UNIQUE) to an IndexSpec: columns, expressions, operator
// classes, collations, orders, name. Throws PostgreSQL's errors for what an access method cannot do.
import type { IndexElem, IndexStmt, Node } from '@pgsql/types';
import { indexColumnsMax } from '../base/limits.js';
import type { AttributeDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { expressionCollation, expressionType } from '../trees/expression-type.js';
import { walkExpression } from '../trees/walk.js';
import type { CommandContext } from './api.js';
import { TypeOid } from './classes.js';
import { formatType, requireCollation } from './column-type.js';
import type { IndexKeySpec, IndexSpec } from './index-create.js';
import { chooseIndexColumnNames, chooseRelationName, figureColumnName, joinedColumnNames } from './naming.js';
import { isSystemColumn } from './relation-create.js';
import { mergeOptions, type OptionKind } from './relation-options.js';
import { requireTablespace } from './tablespace.js';
import { defElems, nodeOf, qualifiedName, stringList } from './tree.js';
import { staysMutable } from './volatility.js';

interface AccessMethodTraits {
  readonly oid: number;
  readonly canOrder: boolean;
  readonly canUnique: boolean;
  readonly canMulticolumn: boolean;
  readonly canInclude: boolean;
}
const accessMethods: Readonly<Record<string, AccessMethodTraits>> = {
  btree: { oid: 403, canOrder: true, canUnique: true, canMulticolumn: true, canInclude: true },
  hash: { oid: 405, canOrder: false, canUnique: false, canMulticolumn: false, canInclude: false },
};

/** Resolves CREATE INDEX's statement, or the one that a constraint stands for. */
export function resolveIndex(context: CommandContext, table: RelationDescriptor, statement: IndexStmt): IndexSpec {
  const method = statement.accessMethod || 'btree';
  const analyzed = analyzeExpressions(context, table, statement);
  const traits = requireAccessMethod(context, method);
  const elements = (statement.indexParams ?? []).map((param) => nodeOf(param, 'IndexElem'));
  const included = (statement.indexIncludingParams ?? []).map((param) => nodeOf(param, 'IndexElem'));
  checkShape(method, traits, statement, { keys: elements.length, includes: included.length });
  const predicate = analyzed.predicate;
  if (predicate && staysMutable(context, table, predicate)) {
    throw pgError(SqlState.invalidObjectDefinition, 'functions in index predicate must be marked IMMUTABLE');
  }
  const options = mergeOptions(method as OptionKind, null, defElems(statement.options), { reset: false });
  const isConstraint = statement.isconstraint === true;
  const resolver: KeyResolver = { context, table, method, traits, isConstraint, expressions: analyzed.expressions };
  const keys = elements.map((element) => resolveKey(resolver, element));
  const includes = included.map((element) => resolveInclude(resolver, element));
  requireNoSystemColumns([...keys.flatMap(({ expression }) => expression ?? []), ...(predicate ? [predicate] : [])]);
  return {
    name: statement.idxname || chooseIndexName(context, table, { keys, includes, statement }),
    accessMethod: { oid: traits.oid, name: method },
    keys,
    includes,
    unique: statement.unique === true,
    primary: statement.primary === true,
    nullsNotDistinct: statement.nulls_not_distinct === true,
    predicate,
    options,
    constraint: isConstraint
      ? { deferrable: statement.deferrable === true, initiallyDeferred: statement.initdeferred === true }
      : null,
    tablespace: statement.tableSpace ? requireTablespace(context, statement.tableSpace) : 0,
  };
}

interface AnalyzedExpressions {
  readonly predicate: Expression | null;
  readonly expressions: ReadonlyMap<Node, Expression>;
}

/** The predicate first, then the expressions of keys: what is wrong in them is said before all else. */
function analyzeExpressions(
  context: CommandContext,
  table: RelationDescriptor,
  statement: IndexStmt,
): AnalyzedExpressions {
  const target = { type: TypeOid.bool, typmod: -1, collation: 0, columnName: '' };
  const whereScope = { use: 'indexPredicate', relation: table.oid, target } as const;
  const scope = { use: 'indexExpression', relation: table.oid } as const;
  const { corridor, sourceText } = context;
  const predicate = statement.whereClause
    ? corridor.analyzeExpression(statement.whereClause, whereScope, sourceText)
    : null;
  const expressions = new Map<Node, Expression>();
  for (const param of statement.indexParams ?? []) {
    const { expr } = nodeOf(param, 'IndexElem');
    if (expr) expressions.set(expr, corridor.analyzeExpression(expr, scope, sourceText));
  }
  return { predicate, expressions };
}

function requireAccessMethod(context: CommandContext, name: string): AccessMethodTraits {
  const traits = accessMethods[name];
  if (traits !== undefined) return traits;
  const row = context.catalog.tables.findOne('pg_am', { amname: name })?.row;
  if (row === undefined) throw pgError(SqlState.undefinedObject, `access method "${name}" does not exist`);
  if (row.amtype !== 'i') throw pgError(SqlState.wrongObjectType, `access method "${name}" is not of type INDEX`);
  throw notSupported(`index access method ${name}`);
}

function checkShape(
  method: string,
  traits: AccessMethodTraits,
  statement: IndexStmt,
  count: { readonly keys: number; readonly includes: number },
): void {
  if (count.keys === 0) throw pgError(SqlState.invalidObjectDefinition, 'must specify at least one column');
  if (count.keys + count.includes > indexColumnsMax) {
    throw pgError(SqlState.tooManyColumns, `cannot use more than ${indexColumnsMax} columns in an index`);
  }
  const unsupported = (what: string): Error =>
    pgError(SqlState.featureNotSupported, `access method "${method}" does not support ${what}`);
  if (statement.unique && !traits.canUnique) throw unsupported('unique indexes');
  if (count.includes > 0 && !traits.canInclude) throw unsupported('included columns');
  if (count.keys > 1 && !traits.canMulticolumn) throw unsupported('multicolumn indexes');
}

interface KeyResolver {
  readonly context: CommandContext;
  readonly table: RelationDescriptor;
  readonly method: string;
  readonly traits: AccessMethodTraits;
  readonly isConstraint: boolean;
  readonly expressions: ReadonlyMap<Node, Expression>;
}

function resolveKey(resolver: KeyResolver, element: IndexElem): IndexKeySpec {
  const { context } = resolver;
  const written = element.name ? null : resolveExpression(resolver, element.expr as Node);
  // A collation around the whole expression is the key's own.
  let bare = written;
  while (bare?.kind === 'CollateExpr') bare = bare.arg;
  const source = element.name
    ? { column: requireIndexColumn(resolver, element.name), expression: null }
    : { column: null, expression: bare };
  // (a) is the column a: PostgreSQL stores plain references as columns.
  const plain = source.expression === null ? null : plainColumn(resolver.table, source.expression);
  const column = source.column ?? plain;
  const expression = column ? null : source.expression;
  const type = column?.type ?? expressionType(expression as Expression);
  const derived = written === null ? (column?.collation ?? 0) : expressionCollation(written);
  const collation = keyCollation(context, { type, derived, written: stringList(element.collation) });
  const opclass = keyOpclass(resolver, type, stringList(element.opclass));
  const order = keyOrder(resolver, element);
  const name = element.indexcolname ?? element.name ?? (element.expr ? figureColumnName(element.expr) : null);
  return { attribute: column?.number ?? 0, expression, name, collation, opclass, ...order };
}

function plainColumn(table: RelationDescriptor, expression: Expression): AttributeDescriptor | null {
  if (expression.kind !== 'Var' || expression.attno <= 0) return null;
  return table.attributes[expression.attno - 1] ?? null;
}

function requireIndexColumn(resolver: KeyResolver, name: string): AttributeDescriptor {
  const column = resolver.table.attributes.find((attribute) => attribute.name === name && !attribute.isDropped);
  if (column !== undefined) return column;
  if (isSystemColumn(name)) {
    throw systemColumnIndex();
  }
  const text = resolver.isConstraint
    ? `column "${name}" named in key does not exist`
    : `column "${name}" does not exist`;
  throw pgError(SqlState.undefinedColumn, text);
}

function requireNoSystemColumns(expressions: readonly Expression[]): void {
  for (const expression of expressions) {
    walkExpression(expression, (node) => {
      if (node.kind === 'Var' && node.attno < 0) throw systemColumnIndex();
      return undefined;
    });
  }
}

function systemColumnIndex(): Error {
  return pgError(SqlState.featureNotSupported, 'index creation on system columns is not supported');
}

function resolveExpression(resolver: KeyResolver, node: Node): Expression {
  const { context, table } = resolver;
  const expression = resolver.expressions.get(node);
  if (expression === undefined) throw new Error('invariant broken: index expression not analyzed');
  if (staysMutable(context, table, expression)) {
    throw pgError(SqlState.invalidObjectDefinition, 'functions in index expression must be marked IMMUTABLE');
  }
  return expression;
}

function keyCollation(
  context: CommandContext,
  key: { readonly type: number; readonly derived: number; readonly written: readonly string[] },
): number {
  const typeCollation = context.catalog.typeByOid(key.type).collation;
  const collation = key.written.length > 0 ? requireCollation(context, key.written) : key.derived;
  if (typeCollation === 0 && key.written.length > 0) {
    throw pgError(SqlState.datatypeMismatch, `collations are not supported by type ${formatType(context, key.type)}`);
  }
  if (typeCollation !== 0 && collation === 0) {
    throw pgError(SqlState.indeterminateCollation, 'could not determine which collation to use for index expression', {
      hint: 'Use the COLLATE clause to set the collation explicitly.',
    });
  }
  return typeCollation === 0 ? 0 : collation;
}

function keyOpclass(resolver: KeyResolver, type: number, written: readonly string[]): number {
  const { context, method } = resolver;
  if (written.length === 0) {
    const found = context.catalog.defaultOpclass(type, method);
    if (found !== null) return found.oid;
    throw pgError(
      SqlState.undefinedObject,
      `data type ${formatType(context, type)} has no default operator class for access method "${method}"`,
      {
        hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
      },
    );
  }
  const name = qualifiedName(written);
  const found = context.catalog.findOpclass(method, name.schema, name.name);
  if (found === null) {
    throw pgError(
      SqlState.undefinedObject,
      `operator class "${written.join('.')}" does not exist for access method "${method}"`,
    );
  }
  if (!opclassAccepts(context, found.inputType, type)) {
    throw pgError(
      SqlState.datatypeMismatch,
      `operator class "${written.join('.')}" does not accept data type ${formatType(context, type)}`,
    );
  }
  return found.oid;
}

/** The opclass's type is the column's, or the column's is binary coercible to it. */
export function opclassAccepts(context: CommandContext, accepted: number, actual: number): boolean {
  if (accepted === actual || isPseudoElement(accepted)) return true;
  const type = context.catalog.typeByOid(actual);
  if (type.kind === 'd') return opclassAccepts(context, accepted, type.baseType);
  if (accepted === TypeOid.anyarray) return type.category === 'A';
  return context.catalog.cast(actual, accepted)?.method === 'b';
}

function isPseudoElement(type: number): boolean {
  return type === TypeOid.any || type === TypeOid.anyelement || type === 2776 || type === 3500;
}

function keyOrder(
  resolver: KeyResolver,
  element: IndexElem,
): { readonly descending: boolean; readonly nullsFirst: boolean } {
  const ordering = element.ordering ?? 'SORTBY_DEFAULT';
  const nulls = element.nulls_ordering ?? 'SORTBY_NULLS_DEFAULT';
  if (!resolver.traits.canOrder) {
    if (ordering !== 'SORTBY_DEFAULT') {
      throw pgError(
        SqlState.featureNotSupported,
        `access method "${resolver.method}" does not support ASC/DESC options`,
      );
    }
    if (nulls !== 'SORTBY_NULLS_DEFAULT') {
      throw pgError(
        SqlState.featureNotSupported,
        `access method "${resolver.method}" does not support NULLS FIRST/LAST options`,
      );
    }
  }
  const descending = ordering === 'SORTBY_DESC';
  const nullsFirst = nulls === 'SORTBY_NULLS_DEFAULT' ? descending : nulls === 'SORTBY_NULLS_FIRST';
  return { descending, nullsFirst };
}

function resolveInclude(resolver: KeyResolver, element: IndexElem): number {
  const refuse = (what: string): Error =>
    pgError(SqlState.invalidObjectDefinition, `including column does not support ${what}`);
  if (element.collation?.length) throw refuse('a collation');
  if (element.opclass?.length) throw refuse('an operator class');
  if (element.ordering && element.ordering !== 'SORTBY_DEFAULT') throw refuse('ASC/DESC options');
  if (element.nulls_ordering && element.nulls_ordering !== 'SORTBY_NULLS_DEFAULT')
    throw refuse('NULLS FIRST/LAST options');
  if (!element.name) throw pgError(SqlState.featureNotSupported, 'expressions are not supported in included columns');
  return requireIndexColumn(resolver, element.name).number;
}

function chooseIndexName(
  context: CommandContext,
  table: RelationDescriptor,
  index: {
    readonly keys: readonly IndexKeySpec[];
    readonly includes: readonly number[];
    readonly statement: IndexStmt;
  },
): string {
  const { keys, includes, statement } = index;
  if (statement.primary)
    return chooseRelationName(context, { name1: table.name, name2: null, label: 'pkey' }, table.schema, true);
  const attributeName = (number: number): string | null => table.attributes[number - 1]?.name ?? null;
  const columns = chooseIndexColumnNames([...keys.map((key) => key.name), ...includes.map(attributeName)]);
  const isConstraint = statement.isconstraint === true;
  const label = isConstraint ? 'key' : 'idx';
  return chooseRelationName(
    context,
    { name1: table.name, name2: joinedColumnNames(columns), label },
    table.schema,
    isConstraint,
  );
}
