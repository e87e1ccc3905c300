// What the planner needs from its surroundings; the session (or a test) fills it. Planning is synchronous and has no
// side effects besides calls of `evaluate`.
import type { Catalog } from '../catalog/api.js';
import type { Expression } from '../trees/expression.js';
import type { Query } from '../trees/query.js';
import type { Value } from '../types/value.js';

export interface PlannerContext {
  readonly catalog: Catalog;
  /** A setting's current text form, null where there is none of that name. */
  setting(name: string): string | null;
  /** Evaluates an expression without Vars at once, for constant folding and estimates. A Promise means that it can't be
   *  folded; PostgreSQL's errors (division by zero) are thrown and become the statement's. */
  evaluate(expression: Expression): Value | Promise<Value>;
  /** Values of $1.. for a custom plan; null plans for any values. */
  readonly parameters: readonly { readonly type: number; readonly value: Value }[] | null;
  /** A bound tree, or list of trees, kept in a catalog as JSON. */
  readTree(json: string): unknown;
  /** Statements of a SQL-language function's body bound with its argument types, or null where it can't be inlined. */
  sqlFunctionBody?(functionOid: number, argTypes: readonly number[]): readonly Query[] | null;
  /** Reads every table whole: a command fills or checks what its indexes can't show yet. */
  readonly withoutIndexes?: boolean;
  /** Effective user, for plans that depend on it. */
  readonly userId: number;
  readonly cursor?: CursorOptions;
  /** Throws where the statement must end (cancel, timeout); looked at between the planner's steps. */
  checkInterrupts?(): void;
}

/** DECLARE CURSOR: the plan may prefer early rows, and must be able to run backwards where `scroll`. */
export interface CursorOptions {
  readonly scroll: boolean;
  /** Prefer plans that deliver their first rows early (cursor_tuple_fraction). */
  readonly fast: boolean;
}
