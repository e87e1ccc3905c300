// Which literals of a statement may become parameters, told by where they stand in its parse tree: values of a single
// row of INSERT, of UPDATE's SET, operands of comparisons with a column in WHERE, lists that a column is looked for in, and
// strings that are cast at once. Everywhere else a literal may decide what the statement means (LIMIT, ORDER BY 1, type
// modifiers) and stays.
import type { Node } from '../../trees/statement.js';
import type { Literal } from './fingerprint.js';

export interface SlottedStatement {
  /** The parse tree with $1, $2, ... in the place of some literals. */
  readonly statement: Node;
  /** The literal of each parameter. */
  readonly slots: readonly Slot[];
}

export interface Slot {
  /** Index into the fingerprint's list. */
  readonly literal: number;
  /** The minus before it belongs to it. */
  readonly isNegative: boolean;
}

type Tree = Readonly<Record<string, unknown>>;
type Rewrite = (tree: unknown) => unknown;

/** Null where no literal may become one. */
export function slotLiterals(statement: Node, literals: readonly Literal[]): SlottedStatement | null {
  const slots = new SlotWriter(literals);
  const rewritten = rewriteStatement(statement, slots);
  if (rewritten === null || slots.list.length === 0) return null;
  // A constant that the grammar put into the tree twice would keep its value in one of the places.
  const locations = constantLocations(statement);
  if (new Set(locations).size !== locations.length) return null;
  return { statement: rewritten, slots: slots.list };
}

function constantLocations(tree: unknown): number[] {
  if (typeof tree !== 'object' || tree === null) return [];
  const own = partOf(tree, 'A_Const');
  const below = Object.values(tree).flatMap(constantLocations);
  return own === null || own['isnull'] === true || 'boolval' in own ? below : [Number(own['location'] ?? 0), ...below];
}

class SlotWriter {
  readonly list: Slot[] = [];

  constructor(private readonly literals: readonly Literal[]) {}

  /** $n for a constant that is one of the literals. */
  readonly value: Rewrite = (tree) => {
    const constant = partOf(tree, 'A_Const');
    if (constant === null) return this.cast(tree);
    const slot = this.slotOf(constant);
    return slot === null ? tree : this.parameter(slot, constant);
  };

  /** As `value`, strings left alone: an operator's meaning may hang on them. */
  readonly number: Rewrite = (tree) => {
    const constant = partOf(tree, 'A_Const');
    if (constant === null) return this.cast(tree);
    const slot = this.slotOf(constant);
    return slot === null || this.literals[slot.literal]?.kind === 'text' ? tree : this.parameter(slot, constant);
  };

  /** '...'::type without modifiers: what is cast becomes $n. Looks into the arguments of functions, too. */
  readonly cast: Rewrite = (tree) => {
    const cast = partOf(tree, 'TypeCast');
    if (cast !== null) {
      const constant = partOf(cast['arg'], 'A_Const');
      const slot = constant === null || !isPlainType(cast['typeName']) ? null : this.slotOf(constant);
      if (constant === null || slot === null || this.literals[slot.literal]?.kind !== 'text') return tree;
      return { TypeCast: { ...cast, arg: this.parameter(slot, constant) } };
    }
    const call = partOf(tree, 'FuncCall');
    if (call === null || !Array.isArray(call['args'])) return tree;
    return { FuncCall: { ...call, args: call['args'].map(this.cast) } };
  };

  private slotOf(constant: Tree): Slot | null {
    const location = constant['location'] ?? 0;
    const literal = this.literals.findIndex(({ start, minus }) => start === location || minus === location);
    const found = this.literals[literal];
    if (found === undefined || this.list.some((slot) => slot.literal === literal)) return null;
    return { literal, isNegative: found.start !== location };
  }

  private parameter(slot: Slot, constant: Tree): Tree {
    return { ParamRef: { number: this.list.push(slot), location: constant['location'] ?? 0 } };
  }
}

function rewriteStatement(statement: Node, slots: SlotWriter): Node | null {
  if ('SelectStmt' in statement) return rewriteSelect(statement.SelectStmt as Tree, slots);
  if ('InsertStmt' in statement) return rewriteInsert(statement.InsertStmt as Tree, slots);
  if ('UpdateStmt' in statement) {
    const update = statement.UpdateStmt as Tree;
    if (has(update, 'withClause', 'fromClause')) return null;
    const targetList = mapTargets(update['targetList'], assigned(slots));
    return { UpdateStmt: { ...update, targetList, ...condition(update, slots) } } as Node;
  }
  if (!('DeleteStmt' in statement)) return null;
  const remove = statement.DeleteStmt as Tree;
  if (has(remove, 'withClause', 'usingClause')) return null;
  return { DeleteStmt: { ...remove, ...condition(remove, slots) } } as Node;
}

function rewriteSelect(select: Tree, slots: SlotWriter): Node | null {
  if (select['op'] !== 'SETOP_NONE' || has(select, 'withClause', 'intoClause', 'valuesLists')) return null;
  if (Array.isArray(select['fromClause']) && select['fromClause'].length > 1) return null;
  const targetList = mapTargets(select['targetList'], slots.cast);
  return { SelectStmt: { ...select, targetList, ...condition(select, slots) } } as Node;
}

function rewriteInsert(insert: Tree, slots: SlotWriter): Node | null {
  if (has(insert, 'withClause')) return null;
  const select = partOf(insert['selectStmt'], 'SelectStmt');
  const rows = select?.['valuesLists'];
  if (select === null || !Array.isArray(rows) || rows.length !== 1) return null;
  if (has(select, 'withClause', 'sortClause', 'limitCount', 'limitOffset')) return null;
  const row = partOf(rows[0], 'List');
  if (row === null || !Array.isArray(row['items'])) return null;
  const valuesLists = [{ List: { ...row, items: row['items'].map(slots.value) } }];
  return { InsertStmt: { ...insert, selectStmt: { SelectStmt: { ...select, valuesLists } } } } as unknown as Node;
}

/** UPDATE's new values: a literal, or a column plus or minus a number. */
function assigned(slots: SlotWriter): Rewrite {
  return (tree) => {
    const operation = partOf(tree, 'A_Expr');
    if (operation === null) return slots.value(tree);
    const isSum = operation['kind'] === 'AEXPR_OP' && ['+', '-'].includes(operatorOf(operation));
    return isSum && partOf(operation['lexpr'], 'ColumnRef') !== null
      ? { A_Expr: { ...operation, rexpr: slots.number(operation['rexpr']) } }
      : tree;
  };
}

function condition(statement: Tree, slots: SlotWriter): Tree {
  const where = statement['whereClause'];
  return where === undefined ? {} : { whereClause: rewriteCondition(where, slots) };
}

function rewriteCondition(tree: unknown, slots: SlotWriter): unknown {
  const list = partOf(tree, 'BoolExpr');
  if (list !== null) {
    if (list['boolop'] !== 'AND_EXPR' || !Array.isArray(list['args'])) return tree;
    return { BoolExpr: { ...list, args: list['args'].map((arg) => rewriteCondition(arg, slots)) } };
  }
  const comparison = partOf(tree, 'A_Expr');
  if (comparison?.['kind'] === 'AEXPR_IN') return rewriteList(comparison, slots);
  if (comparison === null || comparison['kind'] !== 'AEXPR_OP' || !comparisons.has(operatorOf(comparison))) return tree;
  const { lexpr, rexpr } = comparison;
  if (partOf(lexpr, 'ColumnRef') !== null) return { A_Expr: { ...comparison, rexpr: slots.value(rexpr) } };
  if (partOf(rexpr, 'ColumnRef') !== null) return { A_Expr: { ...comparison, lexpr: slots.value(lexpr) } };
  return tree;
}

/** A column and the list that it is looked for in. */
function rewriteList(comparison: Tree, slots: SlotWriter): unknown {
  const list = partOf(comparison['rexpr'], 'List');
  if (list === null || !Array.isArray(list['items']) || partOf(comparison['lexpr'], 'ColumnRef') === null)
    return { A_Expr: comparison };
  const items = list['items'];
  // Strings beside numbers: one may decide about the type of the others.
  if (!items.every((item) => partOf(item, 'A_Const') !== null)) return { A_Expr: comparison };
  return { A_Expr: { ...comparison, rexpr: { List: { ...list, items: items.map(slots.value) } } } };
}

const comparisons: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);

function mapTargets(list: unknown, rewrite: Rewrite): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((item) => {
    const target = partOf(item, 'ResTarget');
    return target === null ? item : { ResTarget: { ...target, val: rewrite(target['val']) } };
  });
}

/** The operator's name where it is written without a schema. */
function operatorOf(expression: Tree): string {
  const names = expression['name'];
  if (!Array.isArray(names) || names.length !== 1) return '';
  return String(partOf(names[0], 'String')?.['sval'] ?? '');
}

function isPlainType(typeName: unknown): boolean {
  const type = typeName as Tree | undefined;
  return type !== undefined && !has(type, 'typmods', 'arrayBounds', 'setof', 'pct_type');
}

function has(tree: Tree, ...fields: readonly string[]): boolean {
  return fields.some((field) => tree[field] !== undefined);
}

/** The one thing of that name in a node; null where the node is something else. */
function partOf(node: unknown, tag: string): Tree | null {
  if (typeof node !== 'object' || node === null) return null;
  const part = (node as Tree)[tag];
  return typeof part === 'object' && part !== null ? (part as Tree) : null;
}
