// NamedTuplestoreScan: the rows of a trigger's transition table, as the statement that fired the trigger left them.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { NamedTuplestoreScan } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { type BatchProgram, compileBatch } from '../expressions/compile.js';
import type { TransitionTable } from '../services.js';
import type { Batch, RunState } from '../state.js';
import { FilteredNode } from './filtered.js';

interface ScanProgram {
  readonly name: string;
  readonly program: BatchProgram | null;
  /** Positions of the live columns in a stored row; null where all are live. */
  readonly live: readonly number[] | null;
}

export class NamedTuplestoreScanNode extends FilteredNode {
  private readonly compiled: ScanProgram;
  private readonly table: TransitionTable;
  private at = 0;

  /** Throws 42P01 where the trigger that runs has no such table. */
  constructor(x: RunState, plan: NamedTuplestoreScan) {
    const compiled = x.unit.cached(plan, () => compileScan(x, plan));
    super(x, compiled.program);
    this.compiled = compiled;
    const table = x.context.transitionTables?.find(({ name }) => name === compiled.name);
    if (table === undefined) throw pgError(SqlState.undefinedTable, `relation "${compiled.name}" does not exist`);
    this.table = table;
  }

  protected fetch(rowCountMax: number): Batch | null {
    const { rows } = this.table;
    if (this.at >= rows.rowCount) return null;
    const batch = rows.slice(this.at, rowCountMax);
    this.at += batch.length;
    const { live } = this.compiled;
    return live === null ? [...batch] : batch.map((row): Row => live.map((position) => row[position] ?? null));
  }

  protected restart(): void {
    this.at = 0;
  }

  close(): void {
    this.at = this.table.rows.rowCount;
  }
}

function compileScan(x: RunState, plan: NamedTuplestoreScan): ScanProgram {
  const rte = x.unit.rangeTable[plan.scanRtIndex - 1];
  if (rte?.kind !== 'namedTuplestore') throw new Error('NamedTuplestoreScan without its table');
  const { attributes } = x.unit.catalog.requireRelation(rte.relation);
  const live = attributes.flatMap(({ isDropped }, n) => (isDropped ? [] : [n]));
  return {
    name: rte.name,
    program: compileBatch(x.unit, { quals: plan.qual, targets: plan.targetList }),
    live: live.length === attributes.length ? null : live,
  };
}
