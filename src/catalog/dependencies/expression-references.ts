// Which objects a bound tree refers to: columns, functions, operators, types, collations, ... A whole relation that the
// tree reads columns of is left out: its columns stand for it.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import type { Query, RangeTableEntry, RangeTableFunction } from '../../trees/query.js';
import type { CatalogName } from '../generated/rows.js';
import { defaultCollation, typeOid } from '../oids.js';
import { addressKey, type ObjectAddress, objectAddress } from './object-address.js';

/** Turns a composite type's oid into its relation's, for the column that a FieldSelect names; 0 where it has none. */
export type RelationOfType = (type: number) => number;

/** `relation`: the table whose columns are Vars with varno 1 (DDL expressions); 0 for queries. */
export function referencedObjects(
  tree: Expression | Query | readonly Expression[],
  relation: number,
  relationOfType: RelationOfType,
): ObjectAddress[] {
  const found = new Map<string, ObjectAddress>();
  const add = (table: CatalogName, oid: number, subId = 0): void => {
    if (oid === 0) return;
    const address = objectAddress(table, oid, subId);
    found.set(addressKey(address), address);
  };
  const scopes: (readonly RangeTableEntry[])[] = [];
  visit(tree as unknown);
  return withoutWholes([...found.values()]);

  function visit(node: unknown): void {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if (node === null || typeof node !== 'object' || Buffer.isBuffer(node)) return;
    const fields = node as Readonly<Record<string, unknown>>;
    if (fields.kind === 'Query') {
      scopes.push((node as Query).rangeTable);
      visitQuery(node as Query);
      scopes.pop();
      return;
    }
    collect(fields);
    if (fields.kind === 'Const') return;
    for (const name in fields) if (typeof fields[name] === 'object') visit(fields[name]);
  }

  function visitQuery(query: Query): void {
    for (const constraint of query.constraintDependencies) add('pg_constraint', constraint);
    const { kind, rangeTable, ...parts } = query;
    for (const entry of rangeTable) visitEntry(entry);
    visit(parts);
  }

  function visitEntry(entry: RangeTableEntry): void {
    if (entry.kind === 'relation') add('pg_class', entry.relation);
    if (entry.kind === 'subquery' && entry.viewRelation !== 0) {
      add('pg_class', entry.viewRelation);
      return;
    }
    if (entry.kind === 'join') {
      // Only merged USING columns hold more than plain Vars of the inputs.
      visit(entry.aliasVars.slice(0, entry.mergedColumns));
      return;
    }
    if (entry.kind === 'function')
      for (const part of entry.functions)
        if (part.hasDefinitionList) for (const type of part.columnTypes) add('pg_type', type);
    visit({ ...entry, kind: `${entry.kind} entry` });
  }

  function collation(oid: unknown): void {
    if (oid !== defaultCollation) add('pg_collation', Number(oid));
  }

  function collect(node: Readonly<Record<string, unknown>>): void {
    const number = (name: string) => Number(node[name] ?? 0);
    switch (node.kind) {
      case 'Var':
        return addVar(number('varno'), number('attno'), number('levelsUp'));
      case 'Const':
        add('pg_type', number('type'));
        collation(node.collation);
        return addConstant(number('type'), node.value);
      case 'Param':
      case 'RelabelType':
        add('pg_type', number('type'));
        return collation(node.collation);
      case 'CoerceViaIO':
      case 'ArrayCoerceExpr':
      case 'CoerceToDomain':
        add('pg_type', number('type'));
        return collation(node.collation);
      case 'ConvertRowtypeExpr':
      case 'RowExpr':
      case 'FieldStore':
        return add('pg_type', number('type'));
      case 'FieldSelect':
        return addField(node);
      case 'CollateExpr':
        return add('pg_collation', number('collation'));
      case 'FuncExpr':
      case 'Aggref':
      case 'WindowFunc':
        return add('pg_proc', number('function'));
      case 'OpExpr':
      case 'DistinctExpr':
      case 'NullIfExpr':
      case 'ScalarArrayOpExpr':
        return add('pg_operator', number('operator'));
      case 'RowCompareExpr':
        for (const operator of node.operators as readonly number[]) add('pg_operator', operator);
        for (const family of node.families as readonly number[]) add('pg_opfamily', family);
        return;
      case 'NextValueExpr':
        return add('pg_class', number('sequence'));
      default:
        return collectClause(node);
    }
  }

  /** Clauses without a kind of their own. */
  function collectClause(node: Readonly<Record<string, unknown>>): void {
    if ('equalityOperator' in node) {
      add('pg_operator', Number(node.equalityOperator));
      add('pg_operator', Number(node.sortOperator));
    }
    if ('startInRangeFunction' in node) {
      add('pg_proc', Number(node.startInRangeFunction));
      add('pg_proc', Number(node.endInRangeFunction));
      collation(node.inRangeCollation);
    }
    if ('arbiterElements' in node) add('pg_constraint', Number(node.constraint));
    if ('opclass' in node && 'expr' in node) {
      add('pg_opclass', Number(node.opclass));
      collation(node.collation);
    }
  }

  function addVar(varno: number, attno: number, levelsUp: number): void {
    if (attno === 0) return;
    const scope = scopes[scopes.length - 1 - levelsUp];
    if (scope === undefined) {
      if (relation !== 0) add('pg_class', relation, attno);
      return;
    }
    const entry = scope[varno - 1];
    if (entry?.kind === 'relation') add('pg_class', entry.relation, attno);
    if (entry?.kind === 'function') addResultColumn(entry.functions, attno);
  }

  /** A column of a function's rows is one of the table that they are rows of. */
  function addResultColumn(functions: readonly RangeTableFunction[], attno: number): void {
    let before = 0;
    for (const { expr, columnCount, hasDefinitionList } of functions) {
      if (attno > before + columnCount) {
        before += columnCount;
        continue;
      }
      const owner = hasDefinitionList || expr.kind !== 'FuncExpr' ? 0 : relationOfType(expr.type);
      if (owner !== 0) add('pg_class', owner, attno - before);
      return;
    }
  }

  function addField(node: Readonly<Record<string, unknown>>): void {
    const argument = node.arg as { readonly type?: number };
    const owner = relationOfType(argument.type ?? 0);
    if (owner !== 0) add('pg_class', owner, Number(node.fieldNumber));
    else add('pg_type', Number(node.type));
    collation(node.collation);
  }

  /** A constant of a reg* type names an object: nextval('s'::regclass) depends on the sequence. */
  function addConstant(type: number, value: unknown): void {
    if (typeof value !== 'number' || value === 0) return;
    const table = constantCatalogs.get(type);
    if (table !== undefined) add(table, value);
    if (type === typeOid.regrole)
      throw pgError(SqlState.featureNotSupported, 'constant of the type regrole cannot be used here');
  }
}

const constantCatalogs: ReadonlyMap<number, CatalogName> = new Map([
  [typeOid.regproc, 'pg_proc'],
  [typeOid.regprocedure, 'pg_proc'],
  [typeOid.regoper, 'pg_operator'],
  [typeOid.regoperator, 'pg_operator'],
  [typeOid.regclass, 'pg_class'],
  [typeOid.regtype, 'pg_type'],
  [typeOid.regnamespace, 'pg_namespace'],
  [4191, 'pg_collation'],
  [3734, 'pg_ts_config'],
  [3769, 'pg_ts_dict'],
]);

/** Drops the reference to a whole relation where one of its columns is referenced too. */
function withoutWholes(addresses: readonly ObjectAddress[]): ObjectAddress[] {
  const withParts = new Set(
    addresses.filter(({ subId }) => subId !== 0).map(({ classId, objectId }) => `${classId} ${objectId}`),
  );
  return addresses.filter(({ classId, objectId, subId }) => subId !== 0 || !withParts.has(`${classId} ${objectId}`));
}
