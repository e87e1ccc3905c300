// What expressions refer to: columns, whole rows, parameters, and in EXPLAIN the inputs and subplans of a plan node.
import type { Param, SubPlan, Var } from '../../trees/expression.js';
import { quoteIdentifier } from '../../types/quote.js';
import type { DeparseContext } from './context.js';
import { deparse, deparseOperand, typeName } from './expression.js';
import type { Namespace } from './namespace.js';

const systemColumns: Readonly<Record<number, string>> = {
  [-1]: 'ctid',
  [-2]: 'xmin',
  [-3]: 'cmin',
  [-4]: 'xmax',
  [-5]: 'cmax',
  [-6]: 'tableoid',
};

/** A column reference; returns the column's bare name, null for whole rows and for what is no plain column.
 *  `isTopLevel`: a target list entry, where a whole row must not read as all its columns. */
export function deparseVar(context: DeparseContext, node: Var, isTopLevel: boolean): string | null {
  const { writer } = context;
  const namespace = context.namespaces[node.levelsUp];
  if (!namespace) {
    writer.append(`$var.${node.varno}.${node.attno}`);
    return null;
  }
  if (node.varno < 0) return deparsePlanInput(context, node, namespace);
  const entry = namespace.rangeTable[node.varno - 1];
  const relation = namespace.names[node.varno - 1] ?? null;
  if (entry?.kind === 'join' && relation === null) {
    const input = node.attno > 0 ? entry.aliasVars[node.attno - 1] : null;
    if (input) {
      const inner = { ...context, namespaces: context.namespaces.slice(node.levelsUp) };
      if (input.kind === 'Var') return deparseVar(inner, input, isTopLevel);
      // The merged column of FULL JOIN USING has no relation to be named with.
      const merged = namespace.columns[node.varno - 1]?.names[node.attno - 1];
      if (merged) {
        writer.append(quoteIdentifier(merged));
        return merged;
      }
      deparse(inner, input, true);
      return null;
    }
  }
  if (node.attno === 0) {
    writer.append(`${quoteIdentifier(relation ?? '')}.*`);
    if (isTopLevel) writer.append(`::${typeName(context, node.type, node.typmod)}`);
    return null;
  }
  const column = columnName(namespace, node);
  if (relation !== null && context.varPrefix) writer.append(`${quoteIdentifier(relation)}.`);
  writer.append(quoteIdentifier(column));
  return column;
}

function columnName(namespace: Namespace, node: Var): string {
  if (node.attno < 0) return systemColumns[node.attno] ?? '?column?';
  return namespace.columns[node.varno - 1]?.names[node.attno - 1] ?? '?dropped?column?';
}

/** EXPLAIN: a Var of a plan's input is printed as what that input computes. */
function deparsePlanInput(context: DeparseContext, node: Var, namespace: Namespace): string | null {
  const source = namespace.resolve?.(node) ?? null;
  if (!source) {
    context.writer.append(`$var.${node.varno}.${node.attno}`);
    return null;
  }
  const inner = { ...context, namespaces: [source.namespace, ...context.namespaces.slice(node.levelsUp + 1)] };
  if (source.expr.kind === 'Var') return deparseVar(inner, source.expr, false);
  context.writer.append('(');
  deparse(inner, source.expr, true);
  context.writer.append(')');
  return null;
}

/** $n; in EXPLAIN an exec Param is printed as the expression that sets it. */
export function deparseParam(context: DeparseContext, node: Param): void {
  if (node.paramKind === 'exec') {
    const source = context.namespaces[0]?.resolveParam?.(node.id) ?? null;
    if (source && 'subPlan' in source) {
      context.writer.append(`(${source.subPlan}).col${source.column}`);
      return;
    }
    if (source) {
      const inner = { ...context, namespaces: source.namespaces, varPrefix: true };
      const needsParentheses = !['Var', 'Aggref', 'GroupingFunc', 'Param'].includes(source.expr.kind);
      if (needsParentheses) context.writer.append('(');
      deparse(inner, source.expr, false);
      if (needsParentheses) context.writer.append(')');
      return;
    }
  }
  const name = node.paramKind === 'extern' ? context.argumentNames[node.id - 1] : undefined;
  // A column could bear the same name where there are relations around.
  const isAmbiguous = context.namespaces.some((level) => level.names.length > 0);
  const prefix = isAmbiguous && context.functionName !== null ? `${quoteIdentifier(context.functionName)}.` : '';
  context.writer.append(name ? prefix + quoteIdentifier(name) : `$${node.id}`);
}

/** A planned subquery in EXPLAIN. */
export function deparseSubPlan(context: DeparseContext, node: SubPlan): void {
  const { writer } = context;
  const name = node.useHashTable ? `hashed ${node.name}` : node.name;
  switch (node.linkType) {
    case 'exists':
      writer.append(`EXISTS(${name})`);
      return;
    case 'array':
      writer.append(`ARRAY(${name})`);
      return;
    case 'all':
    case 'any':
      writer.append(node.linkType === 'all' ? '(ALL ' : '(ANY ');
      if (node.test) deparseOperand(context, node.test, false, null);
      writer.append(')');
      return;
    case 'rowcompare':
      writer.append('(');
      if (node.test) deparseOperand(context, node.test, false, null);
      writer.append(')');
      return;
    default:
      writer.append(`(${name})`);
  }
}
