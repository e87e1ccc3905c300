// TABLESAMPLE SYSTEM and BERNOULLI: each block, or each row, is taken with the given probability, decided by PostgreSQL's
// hash of its place and the seed: REPEATABLE gives the rows that PostgreSQL would give.
import { SqlState, pgError } from '../../errors/pg-error.js';
import { hashBytes } from '../../functions/hash.js';
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
      const { block, offset } = tidFromRowId(batch.rowids[n] as number);
      const hash = byBlock ? hashWords(block, sample.seed) : hashWords(block, offset, sample.seed);
      return hash >>> 0 < sample.cutoff;
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
  const cutoff = Math.round((2 ** 32 * Number(percent)) / 100);
  if (plan.tableSample.repeatable === null)
    return { cutoff, seed: Number(x.context.session.random.nextBits() & 0xffffffffn) };
  const seed = parameters[parameters.length - 1] ?? null;
  if (seed === null)
    throw pgError(SqlState.invalidTablesampleRepeat, 'TABLESAMPLE REPEATABLE parameter cannot be null');
  return { cutoff, seed: hashNumber(Number(seed)) };
}

/** PostgreSQL's hash of a float8. */
function hashNumber(value: number): number {
  if (value === 0) return 0;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return hashBytes(bytes) >>> 0;
}

const words = new Uint32Array(3);

function hashWords(...values: readonly number[]): number {
  words.set(values);
  return hashBytes(new Uint8Array(words.buffer, 0, values.length * 4));
}
