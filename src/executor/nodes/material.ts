// Material: keeps its input so that it can be read again; Memoize: keeps the inner rows of a nested loop by parameters.
import { batchRowsMax } from '../../base/limits.js';
import { defined } from '../../errors/unreachable.js';
import type { Material, Memoize } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type RowProgram, compileRow } from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import { keyPart, requireHashKey } from '../operators.js';
import { rowBytes } from '../../types/value-size.js';
import type { TupleStore } from '../spill/tuple-store.js';
import type { Batch, PlanNode, RunState } from '../state.js';

export class MaterialNode implements PlanNode {
  private readonly child: PlanNode;
  private readonly rows: TupleStore;
  private ended = false;
  private at = 0;
  /** State of the parameters that the rows were computed with. */
  private version: number;

  constructor(
    private readonly x: RunState,
    private readonly plan: Material,
  ) {
    this.child = buildNode(plan.outer, x);
    this.rows = x.tupleStore();
    this.version = x.versionOf(plan.outer.externParams);
  }

  next(rowCountMax: number): Batch | null | Promise<Batch | null> {
    if (this.at < this.rows.rowCount) {
      const rows = [...this.rows.slice(this.at, Math.min(rowCountMax, batchRowsMax))];
      this.at += rows.length;
      return rows;
    }
    if (this.ended) return null;
    const batch = this.child.next(rowCountMax);
    return batch instanceof Promise ? batch.then((rows) => this.keep(rows)) : this.keep(batch);
  }

  private keep(batch: Batch | null): Batch | null {
    if (batch === null) {
      this.ended = true;
      return null;
    }
    for (const row of batch) this.rows.append(row);
    this.at += batch.length;
    return batch;
  }

  rescan(): void {
    this.at = 0;
    // What depends on parameters must be computed again; everything else is replayed.
    if (this.x.versionOf(this.plan.outer.externParams) === this.version) return;
    this.version = this.x.versionOf(this.plan.outer.externParams);
    this.rows.clear();
    this.ended = false;
    this.child.rescan();
  }

  close(): void {
    this.rows.clear();
    this.child.close();
  }
}

interface MemoEntry {
  readonly rows: Row[];
  complete: boolean;
  bytes: number;
}

export class MemoizeNode implements PlanNode {
  private readonly child: PlanNode;
  private readonly keys: RowProgram;
  private readonly entries = new Map<string, MemoEntry>();
  private usedBytes = 0;
  private peakBytes = 0;
  private entry: MemoEntry | null = null;
  private at = 0;
  /** Rows come from the child and are kept on the way. */
  private fills = false;
  private hits = 0;
  private misses = 0;
  private evictions = 0;
  private readonly otherParams: readonly number[];
  private version: number;

  constructor(
    private readonly x: RunState,
    private readonly plan: Memoize,
  ) {
    this.child = buildNode(plan.outer, x);
    this.keys = x.unit.cached(plan, () => compileRow(x.unit, plan.keys));
    const keyParams = plan.keys.map((key) => (key.kind === 'Param' ? key.id : -1));
    this.otherParams = plan.outer.externParams.filter((param) => !keyParams.includes(param));
    this.version = x.versionOf(this.otherParams);
  }

  async next(rowCountMax: number): Promise<Batch | null> {
    const entry = this.entry ?? (await this.lookUp());
    if (this.fills) return this.fill(entry, rowCountMax);
    if (this.at >= entry.rows.length) return null;
    const rows = entry.rows.slice(this.at, this.at + rowCountMax);
    this.at += rows.length;
    return rows;
  }

  private async lookUp(): Promise<MemoEntry> {
    const { x } = this;
    const values = await this.keys.run(x, null);
    const key = values
      .map((value, n) => {
        const type = typeOf(defined(this.plan.keys[n], 'memoize key'), x.unit.catalog);
        return keyPart(value, requireHashKey(x.unit.catalog, type), x.ioFor(this.plan.collations[n] ?? 0));
      })
      .join('');
    const known = this.entries.get(key);
    if (known?.complete === true) {
      this.hits += 1;
      // Most recently used entries stand at the end.
      this.entries.delete(key);
      this.entries.set(key, known);
      this.entry = known;
      this.fills = false;
      return known;
    }
    this.misses += 1;
    const entry: MemoEntry = { rows: [], complete: false, bytes: 100 + key.length * 2 };
    this.entries.set(key, entry);
    this.entry = entry;
    this.fills = true;
    this.child.rescan();
    return entry;
  }

  private async fill(entry: MemoEntry, rowCountMax: number): Promise<Batch | null> {
    const batch = await this.child.next(rowCountMax);
    if (batch === null) {
      entry.complete = true;
      this.usedBytes += entry.bytes;
      this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
      this.evict();
      return null;
    }
    for (const row of batch) {
      entry.rows.push(row);
      entry.bytes += rowBytes(row);
    }
    if (this.plan.singleRow) {
      entry.complete = true;
      this.usedBytes += entry.bytes;
      this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
      this.fills = false;
      this.at = entry.rows.length;
    }
    return batch;
  }

  private evict(): void {
    for (const [key, entry] of this.entries) {
      if (this.usedBytes <= this.x.context.workMemBytes) return;
      if (entry === this.entry) continue;
      this.entries.delete(key);
      this.usedBytes -= entry.complete ? entry.bytes : 0;
      this.evictions += 1;
    }
  }

  rescan(): void {
    this.entry = null;
    this.at = 0;
    // Kept rows are found by the keys; whatever else they depend on must not have changed.
    const version = this.x.versionOf(this.otherParams);
    if (version === this.version) return;
    this.version = version;
    this.entries.clear();
    this.usedBytes = 0;
  }

  close(): void {
    this.entries.clear();
    this.child.close();
  }

  extra(): Record<string, string | number> {
    return {
      'Cache Hits': this.hits,
      'Cache Misses': this.misses,
      'Cache Evictions': this.evictions,
      'Cache Overflows': 0,
      'Peak Memory Usage': Math.ceil(this.peakBytes / 1024),
    };
  }
}
