// The programs that nodes run: one value, a condition, a projection of one row, and the loop that filters and projects a
// whole batch. Generated functions take (x, s, o, i): run state, scan row, outer row, inner row (or results of
// aggregates); async ones return Promises.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { Row, Value } from '../../types/value.js';
import type { RunState } from '../state.js';
import { Emitter, type Program, type RowSources } from './emitter.js';
import type { CompileUnit } from './unit.js';

type Args = [x: RunState, s: Row | null, o?: Row | null, i?: Row | null];
export type ScalarProgram = Program<(...args: Args) => Value | Promise<Value>>;
export type QualProgram = Program<(...args: Args) => boolean | Promise<boolean>>;
export type RowProgram = Program<(...args: Args) => Row | Promise<Row>>;
/** Appends to `out`; returns how many of `rows` it dropped. */
export type BatchProgram = Program<(x: RunState, rows: readonly Row[], out: Row[]) => number | Promise<number>>;

const parameters = 'x, s, o, i';

/** Program that yields one expression's value. */
export function compileScalar(unit: CompileUnit, expr: Expression, sources: RowSources = {}): ScalarProgram {
  const m = new Emitter(unit, sources);
  m.line(`return ${m.emit(expr).code};`);
  return m.finish(parameters);
}

/** Program that tells whether all conditions are true; null for an empty list. */
export function compileQual(
  unit: CompileUnit,
  quals: readonly Expression[],
  sources: RowSources = {},
): QualProgram | null {
  if (quals.length === 0) return null;
  const m = new Emitter(unit, sources);
  for (const qual of quals) m.require(qual, 'return false;');
  m.line('return true;');
  return m.finish(parameters);
}

/** Program that yields a new row of several expressions' values. */
export function compileRow(unit: CompileUnit, exprs: readonly Expression[], sources: RowSources = {}): RowProgram {
  const m = new Emitter(unit, sources);
  m.line(`return [${emitColumns(m, exprs)}];`);
  return m.finish(parameters);
}

/** Code of a row's columns. The subqueries of row assignments run first: other columns read what they set. */
function emitColumns(m: Emitter, exprs: readonly Expression[]): string {
  const setsParams = (expr: Expression) => expr.kind === 'SubPlan' && expr.linkType === 'multiexpr';
  const first = new Map(exprs.filter(setsParams).map((expr) => [expr, m.emit(expr).code]));
  return exprs.map((expr) => first.get(expr) ?? m.emit(expr).code).join(', ');
}

export function compileTargets(
  unit: CompileUnit,
  targets: readonly TargetEntry[],
  sources: RowSources = {},
): RowProgram {
  return compileRow(
    unit,
    targets.map((target) => target.expr),
    sources,
  );
}

/** Program that filters a batch by `quals` and projects it to `targets` (null: rows pass as they are). Rows are known to
 *  the expressions as the scan row, or with `asOuter` as the outer one. Null where there is nothing to do. */
export function compileBatch(
  unit: CompileUnit,
  options: {
    readonly quals: readonly Expression[];
    readonly targets: readonly TargetEntry[] | null;
    readonly sources?: RowSources;
    readonly asOuter?: boolean;
  },
): BatchProgram | null {
  const { quals, targets } = options;
  if (quals.length === 0 && targets === null) return null;
  const m = new Emitter(unit, options.sources ?? {});
  const row = options.asOuter === true ? 'o' : 's';
  m.line('var dropped = 0;');
  m.line(`for (var n = 0; n < rows.length; n++) { var ${row} = rows[n];`);
  for (const qual of quals) m.require(qual, '{ dropped++; continue; }');
  const columns =
    targets === null
      ? null
      : emitColumns(
          m,
          targets.map((target) => target.expr),
        );
  m.line(`out.push(${columns === null ? row : `[${columns}]`}); }`);
  m.line('return dropped;');
  return m.finish('x, rows, out');
}

/** Waits for the initplans that a program reads; undefined where all are there. */
export function ready(x: RunState, program: { readonly initParams: readonly number[] }): Promise<void> | undefined {
  return program.initParams.length === 0 ? undefined : x.ensureInit(program.initParams);
}
