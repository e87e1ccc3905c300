// Stored expressions as text: what pg_get_expr and the definitions of constraints, indexes and triggers print.
import { expressionFromJson, expressionListFromJson } from '../../trees/json.js';
import type { Expression } from '../../trees/expression.js';
import type { Catalog } from '../api.js';
import { deparseContext } from './context.js';
import type { DeparseOptions } from './context.js';
import { deparse } from './expression.js';
import { relationNamespace } from './namespace.js';
import type { Namespace } from './namespace.js';

/** An expression over one relation's columns (varno 1; relation 0: none) as text. Implicit outer casts are shown. */
export function expressionText(
  catalog: Catalog,
  expression: Expression,
  relation: number,
  options: DeparseOptions,
): string {
  const namespaces = relation === 0 ? [] : [relationNamespace(catalog, relation)];
  return expressionTextIn(catalog, expression, namespaces, { ...options, varPrefix: false });
}

/** As above, under namespaces of the caller. */
export function expressionTextIn(
  catalog: Catalog,
  expression: Expression,
  namespaces: readonly Namespace[],
  options: DeparseOptions & {
    readonly varPrefix: boolean;
    readonly showImplicit?: boolean;
    readonly isExplain?: boolean;
  },
): string {
  const context = deparseContext(catalog, namespaces, options);
  deparse(context, expression, options.showImplicit ?? false);
  return context.writer.toString();
}

/** A stored tree, or list of trees that stands for their conjunction, as one expression. */
export function storedExpression(json: string): Expression {
  if (!json.trimStart().startsWith('[')) return expressionFromJson(json);
  const list = expressionListFromJson(json);
  const [only] = list;
  return list.length === 1 && only ? only : { kind: 'BoolExpr', op: 'and', args: list, location: -1 };
}
