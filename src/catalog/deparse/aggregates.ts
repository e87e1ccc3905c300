// Aggregate and window function calls, and window definitions.
import type { Aggref, Expression, WindowFunc } from '../../trees/expression.js';
import type { FrameBound, WindowClause, WindowFrame } from '../../trees/query.js';
import { quoteIdentifier } from '../../types/quote.js';
import type { DeparseContext } from './context.js';
import { deparse, deparseList, functionName } from './expression.js';
import { deparseSortClause, deparseSortGroupExpression } from './sort-clause.js';

/** How an aggregate is spelled that SQL/JSON's constructors stand for. */
export interface AggregateForm {
  readonly name: string;
  /** Text behind the arguments. */
  readonly options: string;
  readonly separator: string;
  argument(arg: Expression): void;
}

/** name([DISTINCT] args [ORDER BY ...]) [WITHIN GROUP (...)] [FILTER (WHERE ...)] */
export function deparseAggregate(context: DeparseContext, node: Aggref, form?: AggregateForm): void {
  const { writer } = context;
  const own = { ...context, targetList: node.args };
  writer.append(`${form?.name ?? functionName(context, node.function)}(`);
  if (node.distinct.length > 0) writer.append('DISTINCT ');
  if (node.aggKind !== 'n') {
    deparseArguments(context, node.directArgs, node.variadic && node.aggKind === 'h');
    writer.append(') WITHIN GROUP (ORDER BY ');
    deparseSortClause(own, node.orderBy, false);
  } else {
    if (node.star) writer.append('*');
    const args = node.args.filter((entry) => !entry.junk).map((entry) => entry.expr);
    if (form) deparseFormArguments(context, args, form);
    else deparseArguments(context, args, node.variadic);
    if (node.orderBy.length > 0) {
      writer.append(' ORDER BY ');
      deparseSortClause(own, node.orderBy, false);
    }
  }
  writer.append(`${form?.options ?? ''})`);
  deparseFilter(context, node.filter);
}

/** name(args) [FILTER (...)] OVER window */
export function deparseWindowFunction(context: DeparseContext, node: WindowFunc, form?: AggregateForm): void {
  const { writer } = context;
  writer.append(`${form?.name ?? functionName(context, node.function)}(`);
  if (node.star) writer.append('*');
  if (form) deparseFormArguments(context, node.args, form);
  else deparseList(context, node.args, true);
  writer.append(`${form?.options ?? ''})`);
  deparseFilter(context, node.filter);
  writer.append(' OVER ');
  const window = context.windows.find((clause) => clause.windowRef === node.windowRef);
  if (!window) writer.append('(?)');
  else if (window.name) writer.append(quoteIdentifier(window.name));
  else deparseWindow(context, window);
}

function deparseFormArguments(context: DeparseContext, args: readonly Expression[], form: AggregateForm): void {
  args.forEach((arg, index) => {
    if (index > 0) context.writer.append(form.separator);
    form.argument(arg);
  });
}

function deparseArguments(context: DeparseContext, args: readonly Expression[], variadic: boolean): void {
  args.forEach((arg, index) => {
    if (index > 0) context.writer.append(', ');
    if (variadic && index === args.length - 1) context.writer.append('VARIADIC ');
    deparse(context, arg, true);
  });
}

function deparseFilter(context: DeparseContext, filter: Expression | null): void {
  if (!filter) return;
  context.writer.append(' FILTER (WHERE ');
  deparse(context, filter, false);
  context.writer.append(')');
}

/** ([name] [PARTITION BY ...] [ORDER BY ...] [frame]) */
export function deparseWindow(context: DeparseContext, window: WindowClause): void {
  const { writer } = context;
  const parts: (() => void)[] = [];
  if (window.refName) parts.push(() => writer.append(quoteIdentifier(window.refName ?? '')));
  // Partitioning and, where it has one, ordering are those of the window it copies.
  if (window.partitionClause.length > 0 && !window.refName) {
    parts.push(() => {
      writer.append('PARTITION BY ');
      window.partitionClause.forEach((clause, index) => {
        if (index > 0) writer.append(', ');
        deparseSortGroupExpression(context, clause.sortGroupRef, false);
      });
    });
  }
  const copied = context.windows.find((clause) => clause.name !== null && clause.name === window.refName);
  if (window.orderClause.length > 0 && !(copied && copied.orderClause.length > 0)) {
    parts.push(() => {
      writer.append('ORDER BY ');
      deparseSortClause(context, window.orderClause, false);
    });
  }
  if (window.frame.explicit) parts.push(() => deparseFrame(context, window.frame));
  writer.append('(');
  parts.forEach((part, index) => {
    if (index > 0) writer.append(' ');
    part();
  });
  writer.append(')');
}

function deparseFrame(context: DeparseContext, frame: WindowFrame): void {
  const { writer } = context;
  writer.append(`${frame.mode.toUpperCase()} `);
  // The short form (start only) means an end at the current row.
  const isBetween = frame.between;
  if (isBetween) writer.append('BETWEEN ');
  deparseBound(context, frame.start);
  if (isBetween) {
    writer.append(' AND ');
    deparseBound(context, frame.end);
  }
  if (frame.exclusion !== 'none') {
    writer.append(
      { currentRow: ' EXCLUDE CURRENT ROW', group: ' EXCLUDE GROUP', ties: ' EXCLUDE TIES' }[frame.exclusion],
    );
  }
}

function deparseBound(context: DeparseContext, bound: FrameBound): void {
  const { writer } = context;
  switch (bound.kind) {
    case 'unboundedPreceding':
      writer.append('UNBOUNDED PRECEDING');
      return;
    case 'unboundedFollowing':
      writer.append('UNBOUNDED FOLLOWING');
      return;
    case 'currentRow':
      writer.append('CURRENT ROW');
      return;
    default:
      if (bound.offset) deparse(context, bound.offset, false);
      writer.append(bound.kind === 'offsetPreceding' ? ' PRECEDING' : ' FOLLOWING');
  }
}
