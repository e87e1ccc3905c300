// The rows of one CTE, computed on demand and shared by all its readers in the statement.
import { defined } from '../../errors/unreachable.js';
import type { CteScan } from '../../trees/plan.js';
import { buildNode } from '../build-node.js';
import type { TupleStore } from '../spill/tuple-store.js';
import type { Batch, PlanNode, RunState } from '../state.js';

export class CteStore {
  private readonly rows: TupleStore;
  private node: PlanNode | null = null;
  private ended = false;
  private pending: Promise<void> | null = null;
  private readonly params: readonly number[];
  private version: number;

  constructor(
    private readonly x: RunState,
    private readonly planId: number,
  ) {
    this.rows = x.tupleStore();
    this.params = x.planned?.subplans[planId - 1]?.externParams ?? [];
    this.version = x.versionOf(this.params);
  }

  /** Rows from a position on that are there already; null where none is. */
  available(from: number, rowCountMax: number): Batch | null {
    return from < this.rows.rowCount ? [...this.rows.slice(from, rowCountMax)] : null;
  }

  /** Rows from a position on, computed where needed; null at the end. */
  async read(from: number, rowCountMax: number): Promise<Batch | null> {
    while (from >= this.rows.rowCount && !this.ended) {
      this.pending ??= this.fetch(rowCountMax).finally(() => {
        this.pending = null;
      });
      await this.pending;
    }
    return this.available(from, rowCountMax);
  }

  /** Runs the CTE to its end: data-modifying ones act whether or not anybody reads them. */
  async finish(): Promise<void> {
    while (!this.ended) await this.read(this.rows.rowCount, 4096);
  }

  private async fetch(rowCountMax: number): Promise<void> {
    this.node ??= buildNode(defined(this.x.planned?.subplans[this.planId - 1], 'CTE plan'), this.x);
    const batch = await this.node.next(rowCountMax);
    if (batch === null) this.ended = true;
    else for (const row of batch) this.rows.append(row);
  }

  /** Forgets the rows where the CTE depends on parameters that changed: called before a reader starts over. */
  refresh(): void {
    const version = this.x.versionOf(this.params);
    if (version === this.version) return;
    this.version = version;
    this.rows.clear();
    this.node?.rescan();
    this.ended = false;
  }

  close(): void {
    this.node?.close();
    this.node = null;
    this.ended = true;
    this.rows.clear();
  }
}

/** The store of a CTE in this execution. */
export function cteStore(x: RunState, plan: Pick<CteScan, 'ctePlanId'>): CteStore {
  let store = x.ctes.get(plan.ctePlanId);
  if (store === undefined) {
    store = new CteStore(x, plan.ctePlanId);
    x.ctes.set(plan.ctePlanId, store);
  }
  return store;
}
