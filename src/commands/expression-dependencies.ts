// What commands ask of bound trees beside what the catalog's dependency records do: which columns an expression uses.
import { recordDependencyOnExpression } from '../catalog/dependencies/record.js';
import { referencedObjects } from '../catalog/dependencies/expression-references.js';
import type { Expression } from '../trees/expression.js';
import type { Query } from '../trees/query.js';
import type { CommandContext } from './api.js';
import type { ObjectAddress } from './classes.js';
import type { DependencyType } from './depend.js';

type Tree = Expression | Query | readonly Expression[];

/** Everything a query refers to, whole-relation references dropped where columns of it are referenced. */
export function queryReferences(context: CommandContext, query: Query): ObjectAddress[] {
  return referencedObjects(query, 0, (type) => context.catalog.findTypeByOid(type)?.relation ?? 0);
}

/** Records an expression's references: `type` for other objects, `selfType` for the relation it belongs to. */
export async function recordExpressionDependencies(
  context: CommandContext,
  dependent: ObjectAddress,
  tree: Tree,
  options: { readonly relation: number; readonly type: DependencyType; readonly selfType: DependencyType },
): Promise<void> {
  await recordDependencyOnExpression(context.catalog, context.transaction, dependent, tree, options);
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

/** Values inside Consts are class instances; everything else in a tree is a plain object. */
function isPlain(node: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}
