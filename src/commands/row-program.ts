// Expressions over a table's rows outside any plan: ALTER TABLE's rewrites, COPY's WHERE, generated columns of loaded rows.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { compileRow, ready, type RowProgram } from '../executor/expressions/compile.js';
import { CompileUnit } from '../executor/expressions/unit.js';
import { relationEntry } from '../executor/modify/relation-entry.js';
import { RunState } from '../executor/state.js';
import type { Expression } from '../trees/expression.js';
import type { Row } from '../types/value.js';
import type { CommandContext } from './api.js';

export interface RowEvaluator {
  /** Values of the expressions for one row (attribute n at index n - 1). */
  evaluate(row: Row): Row | Promise<Row>;
}

/** Compiles expressions whose Vars (varno 1) are the attributes of a row of the table. */
export function rowEvaluator(
  context: CommandContext,
  table: RelationDescriptor,
  expressions: readonly Expression[],
): RowEvaluator {
  const unit = new CompileUnit(context.catalog, context.catalog.version(), [relationEntry(table)]);
  const program: RowProgram = compileRow(unit, expressions);
  const state = new RunState(unit, context.corridor.executionContext(), null);
  const waiting = ready(state, program);
  if (waiting === undefined) return { evaluate: (row) => program.run(state, row) };
  return { evaluate: (row) => waiting.then(() => program.run(state, row)) };
}
