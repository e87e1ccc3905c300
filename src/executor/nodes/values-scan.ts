// ValuesScan: the rows of VALUES (...), (...), each evaluated when it is asked for; lists of constants are rows already.
import type { ValuesScan } from '../../trees/plan.js';
import type { Row, Value } from '../../types/value.js';
import { type BatchProgram, type RowProgram, compileBatch, compileRow } from '../expressions/compile.js';
import type { Batch, RunState } from '../state.js';
import { FilteredNode } from './filtered.js';

interface ValuesProgram {
  readonly rows: readonly (Row | RowProgram)[];
  readonly program: BatchProgram | null;
  readonly isAsync: boolean;
}

export class ValuesScanNode extends FilteredNode {
  private readonly compiled: ValuesProgram;
  private at = 0;

  constructor(x: RunState, plan: ValuesScan) {
    const compiled = x.unit.cached(plan, () => compileValues(x, plan));
    super(x, compiled.program);
    this.compiled = compiled;
  }

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
    const { rows } = this.compiled;
    if (this.at >= rows.length) return null;
    const wanted = rows.slice(this.at, this.at + rowCountMax);
    this.at += wanted.length;
    if (this.compiled.isAsync) return this.evaluate(wanted);
    return wanted.map((row) => (Array.isArray(row) ? (row as Row) : ((row as RowProgram).run(this.x, null) as Row)));
  }

  private async evaluate(wanted: readonly (Row | RowProgram)[]): Promise<Batch> {
    const batch: Batch = [];
    for (const row of wanted) {
      if (Array.isArray(row)) batch.push(row as Row);
      else {
        const program = row as RowProgram;
        await this.x.ensureInit(program.initParams);
        batch.push(await program.run(this.x, null));
      }
    }
    return batch;
  }

  protected restart(): void {
    this.at = 0;
  }

  close(): void {
    this.at = this.compiled.rows.length;
  }
}

function compileValues(x: RunState, plan: ValuesScan): ValuesProgram {
  const rte = x.unit.rangeTable[plan.scanRtIndex - 1];
  if (rte?.kind !== 'values') throw new Error('ValuesScan without its rows');
  const rows = rte.rows.map((exprs): Row | RowProgram => {
    const constants: Value[] = [];
    for (const expr of exprs) {
      if (expr.kind !== 'Const') return compileRow(x.unit, exprs);
      constants.push(expr.value);
    }
    return constants;
  });
  const isPhysical =
    plan.targetList.length === rte.columnTypes.length &&
    plan.targetList.every(
      ({ expr }, n) => expr.kind === 'Var' && expr.varno === plan.scanRtIndex && expr.attno === n + 1,
    );
  const program = compileBatch(x.unit, { quals: plan.qual, targets: isPhysical ? null : plan.targetList });
  const isAsync = rows.some(
    (row) => !Array.isArray(row) && ((row as RowProgram).isAsync || (row as RowProgram).initParams.length > 0),
  );
  return { rows, program, isAsync };
}
