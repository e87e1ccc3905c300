// TABLESAMPLE SYSTEM and BERNOULLI: each block, or each row, is taken with the given probability, decided by a hash of its
// number and the seed, so that REPEATABLE repeats.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { TableCursor } from '../../storage/api.js';
import { tidFromRowId } from '../../storage/ctid.js';
import type { SampleScan } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { type RowProgram, compileRow } from '../expressions/compile.js';
import type { Batch, RunState } from '../state.js';
import { RelationScanNode, type ScanProgram, compileScan } from './relation-scan.js';

interface SampleProgram {
  readonly scan: ScanProgram;
  readonly parameters: RowProgram;
}

export class SampleScanNode extends RelationScanNode {
  private cursor: TableCursor | null = null;
  private sample: { readonly cutoff: number; readonly seed: number } | null = null;
  private readonly sampling: SampleProgram;

  constructor(
    x: RunState,
    private readonly samplePlan: SampleScan,
  ) {
    const program = x.unit.cached(samplePlan, () => {
      const { args, repeatable } = samplePlan.tableSample;
      return {
        scan: compileScan(x.unit, samplePlan),
        parameters: compileRow(x.unit, repeatable === null ? args : [...args, repeatable]),
      };
    });
    super(x, samplePlan, program.scan);
    this.sampling = program;
  }

  protected fetchStored(rowCountMax: number): Batch | null | Promise<Batch | null> {
    return this.sample === null ? this.begin(rowCountMax) : this.read(rowCountMax, this.sample);
  }

  private async begin(rowCountMax: number): Promise<Batch | null> {
    await this.x.ensureInit(this.sampling.parameters.initParams);
    this.sample = sampleOf(await this.sampling.parameters.run(this.x, null), this.samplePlan, this.x);
    return this.read(rowCountMax, this.sample);
  }

  private read(rowCountMax: number, sample: { cutoff: number; seed: number }): Batch | null {
    if (this.cursor === null) this.counts.scanned();
    this.cursor ??= this.table.scan(this.x.context.view, { attributes: this.scan.attributes, direction: 'forward' });
    const batch = this.cursor.next(rowCountMax);
    this.counts.tuplesReturned += batch.rowCount;
    if (batch.rowCount === 0) return null;
    const byBlock = this.samplePlan.tableSample.method === 'system';
    const rows = this.scanRows(batch);
    return rows.filter((_, n) => {
      const rowid = batch.rowids[n] as number;
      return hash(byBlock ? tidFromRowId(rowid).block : rowid, sample.seed) < sample.cutoff;
    });
  }

  protected restartStored(): void {
    this.close();
    this.sample = null;
  }

  close(): void {
    this.cursor?.close();
    this.cursor = null;
  }
}

function sampleOf(parameters: Row, plan: SampleScan, x: RunState): { cutoff: number; seed: number } {
  const percent = parameters[0] ?? null;
  if (percent === null) throw pgError(SqlState.invalidTablesampleArgument, 'TABLESAMPLE parameter cannot be null');
  if (!(Number(percent) >= 0 && Number(percent) <= 100)) {
    throw pgError(SqlState.invalidTablesampleArgument, 'sample percentage must be between 0 and 100');
  }
  const cutoff = (Number(percent) / 100) * 2 ** 32;
  if (plan.tableSample.repeatable === null)
    return { cutoff, seed: Number(x.context.session.random.nextBits() & 0xffffffffn) };
  const seed = parameters[parameters.length - 1] ?? null;
  if (seed === null)
    throw pgError(SqlState.invalidTablesampleRepeat, 'TABLESAMPLE REPEATABLE parameter cannot be null');
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number(seed));
  return { cutoff, seed: (view.getUint32(0) ^ view.getUint32(4)) >>> 0 };
}

/** Mixes a number and the seed to 32 evenly spread bits. */
function hash(value: number, seed: number): number {
  let h =
    (Math.imul(value % 4294967296, 0x9e3779b1) ^ Math.imul(Math.floor(value / 4294967296), 0x85ebca77) ^ seed) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
