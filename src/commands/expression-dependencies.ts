// Which objects a bound tree refers to: what pg_depend records for defaults, checks, index expressions, views and SQL
// bodies. A walk over the frozen tree; Vars are looked up in the range tables of the queries around them.
import type { Expression } from '../trees/expression.js';
import type { JoinRte, Query, RangeTableEntry } from '../trees/query.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { type DependencyType, recordDependency } from './depend.js';

type Tree = Expression | Query | readonly unknown[] | null;

/** A range table to look Vars up in: a query's own, or the single relation of a DDL expression (varno 1). */
type Scope = { readonly relation: number } | { readonly rangeTable: readonly RangeTableEntry[] };

/** Everything a query refers to, whole-relation references dropped where columns of it are referenced. */
export function queryReferences(query: Query): ObjectAddress[] {
  const walk = new Walk([]);
  walk.query(query);
  return walk.result();
}

/** Everything an expression over one relation (0: none) refers to. */
export function expressionReferences(tree: Tree, relation: number): ObjectAddress[] {
  const walk = new Walk([{ relation }]);
  walk.visit(tree);
  return walk.result();
}

/** Attribute numbers of `relation` that an expression uses, in order of appearance; 0 for a whole-row reference. */
export function referencedColumns(tree: Tree): number[] {
  const columns: number[] = [];
  const collect = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const item of node) collect(item);
      return;
    }
    const record = node as { kind?: string; attno?: number; levelsUp?: number };
    if (record.kind === undefined) {
      if (isPlain(node)) for (const value of Object.values(node)) collect(value);
      return;
    }
    if (record.kind === 'Const') return;
    if (record.kind === 'Var' && record.attno !== undefined && record.levelsUp === 0) {
      if (!columns.includes(record.attno)) columns.push(record.attno);
      return;
    }
    for (const value of Object.values(node)) collect(value);
  };
  collect(tree);
  return columns;
}

/** Records an expression's references: `type` for other objects, `selfType` for the relation it belongs to. */
export async function recordExpressionDependencies(
  context: CommandContext,
  dependent: ObjectAddress,
  tree: Tree,
  options: { readonly relation: number; readonly type: DependencyType; readonly selfType: DependencyType },
): Promise<void> {
  for (const address of expressionReferences(tree, options.relation)) {
    const isSelf = address.classId === ClassOid.class && address.objectId === options.relation;
    await recordDependency(context, dependent, address, isSelf ? options.selfType : options.type);
  }
}

class Walk {
  private readonly found = new Map<string, ObjectAddress>();

  constructor(private readonly scopes: Scope[]) {}

  result(): ObjectAddress[] {
    const all = [...this.found.values()];
    return all.filter(
      (address) =>
        address.subId !== 0 ||
        !all.some((other) => other.subId !== 0 && other.classId === address.classId && other.objectId === address.objectId),
    );
  }

  query(query: Query): void {
    this.scopes.unshift({ rangeTable: query.rangeTable });
    for (const rte of query.rangeTable) if (rte.kind === 'relation') this.add(ClassOid.class, rte.relation);
    for (const oid of query.constraintDependencies) this.add(ClassOid.constraint, oid);
    for (const [key, value] of Object.entries(query)) {
      if (key === 'rangeTable') for (const rte of query.rangeTable) this.rangeTableEntry(rte);
      else this.visit(value as Tree);
    }
    this.scopes.shift();
  }

  visit(node: unknown): void {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const item of node) this.visit(item);
      return;
    }
    const kind = (node as { kind?: unknown }).kind;
    if (kind === 'Query') {
      this.query(node as Query);
      return;
    }
    if (kind === undefined && !isPlain(node)) return;
    this.node(node as Record<string, unknown>, typeof kind === 'string' ? kind : '');
    if (kind === 'Const' || kind === 'Var') return;
    for (const value of Object.values(node)) this.visit(value);
  }

  private rangeTableEntry(rte: RangeTableEntry): void {
    // A join's columns are recorded where they are used: the rest of them is only what could be used.
    if (rte.kind === 'join' || rte.kind === 'cte') return;
    if (rte.kind === 'function') {
      for (const fn of rte.functions) if (fn.hasDefinitionList) for (const type of fn.columnTypes) this.add(ClassOid.type, type);
    }
    for (const [key, value] of Object.entries(rte)) if (key !== 'alias' && key !== 'eref' && key !== 'permissions') this.visit(value);
  }

  private node(node: Record<string, unknown>, kind: string): void {
    if (kind === 'Var') {
      this.variable(node['varno'] as number, node['attno'] as number, node['levelsUp'] as number);
    } else if (kind === 'Const') {
      this.constant(node);
    } else {
      for (const [member, classId] of referenceMembers[kind] ?? []) {
        const value = node[member];
        for (const oid of Array.isArray(value) ? value : [value]) if (typeof oid === 'number') this.add(classId, oid);
      }
      if (kind === '') this.clause(node);
    }
  }

  /** Sort and window clauses carry no kind. */
  private clause(node: Record<string, unknown>): void {
    for (const member of ['equalityOperator', 'sortOperator', 'markNotEqualOperator']) {
      if (typeof node[member] === 'number') this.add(ClassOid.operator, node[member]);
    }
    for (const member of ['startInRangeFunction', 'endInRangeFunction']) {
      if (typeof node[member] === 'number') this.add(ClassOid.proc, node[member]);
    }
    if (typeof node['opclass'] === 'number') this.add(ClassOid.opclass, node['opclass']);
  }

  private variable(varno: number, attno: number, levelsUp: number): void {
    const scope = this.scopes[levelsUp];
    if (scope === undefined) return;
    if ('relation' in scope) {
      if (scope.relation !== 0) this.add(ClassOid.class, scope.relation, Math.max(attno, 0));
      return;
    }
    const rte = scope.rangeTable[varno - 1];
    if (rte?.kind === 'relation') this.add(ClassOid.class, rte.relation, Math.max(attno, 0));
    else if (rte?.kind === 'join' && attno > 0) this.joinColumn(rte, attno, levelsUp);
  }

  private joinColumn(rte: JoinRte, attno: number, levelsUp: number): void {
    const target = rte.aliasVars[attno - 1];
    if (!target) return;
    const hidden = this.scopes.splice(0, levelsUp);
    this.visit(target);
    this.scopes.unshift(...hidden);
  }

  private constant(node: Record<string, unknown>): void {
    const type = node['type'] as number;
    this.add(ClassOid.type, type);
    this.add(ClassOid.collation, node['collation'] as number);
    const classId = regClass[type];
    const value = node['value'];
    if (classId !== undefined && typeof value === 'number') this.add(classId, value);
  }

  private add(classId: number, objectId: number, subId = 0): void {
    if (objectId === 0) return;
    this.found.set(`${classId}.${objectId}.${subId}`, objectAddress(classId, objectId, subId));
  }
}

/** Objects named by constants of the reg* types. */
const regClass: Readonly<Record<number, number>> = {
  24: ClassOid.proc,
  2202: ClassOid.proc,
  2203: ClassOid.operator,
  2204: ClassOid.operator,
  2205: ClassOid.class,
  2206: ClassOid.type,
  3734: ClassOid.tsConfig,
  3769: ClassOid.tsDict,
  4191: ClassOid.collation,
  4089: ClassOid.namespace,
};

type Member = readonly [member: string, classId: number];
const typeAndCollation: readonly Member[] = [
  ['type', ClassOid.type],
  ['collation', ClassOid.collation],
];
const operatorOnly: readonly Member[] = [['operator', ClassOid.operator]];
const referenceMembers: Readonly<Record<string, readonly Member[]>> = {
  Param: typeAndCollation,
  Aggref: [['function', ClassOid.proc]],
  WindowFunc: [['function', ClassOid.proc]],
  FuncExpr: [['function', ClassOid.proc]],
  OpExpr: operatorOnly,
  DistinctExpr: operatorOnly,
  NullIfExpr: operatorOnly,
  ScalarArrayOpExpr: operatorOnly,
  RelabelType: typeAndCollation,
  CoerceViaIO: typeAndCollation,
  ArrayCoerceExpr: typeAndCollation,
  ConvertRowtypeExpr: [['type', ClassOid.type]],
  CollateExpr: [['collation', ClassOid.collation]],
  RowExpr: [['type', ClassOid.type]],
  RowCompareExpr: [
    ['operators', ClassOid.operator],
    ['families', ClassOid.opfamily],
  ],
  CoerceToDomain: [['type', ClassOid.type]],
  CoerceToDomainValue: [['type', ClassOid.type]],
  NextValueExpr: [['sequence', ClassOid.class]],
  SetOperation: [['columnTypes', ClassOid.type]],
};

/** Values inside Consts are class instances; everything else in a tree is a plain object. */
function isPlain(node: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}

