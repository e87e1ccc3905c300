// The snapshots that one transaction holds. Each pins old pages of the store, so a long READ COMMITTED transaction must
// not keep one per statement: past a few, they go as soon as nobody holds their view; all go when the transaction ends.
import type { ReadView, SerializableStore, Snapshot, Store, StoreTransaction } from '../storage/api.js';

/** Up to here snapshots are simply kept: most transactions have no more statements. */
const keptMax = 32;

const collected = new FinalizationRegistry<Held>((held) => held.release());

export class Snapshots {
  private kept: Snapshot[] = [];
  private readonly dropped = new Set<Held>();
  /** The newest view taken. */
  private shared: ReadView | null = null;
  /** The newest view taken for a constraint of a serializable transaction. */
  private constraint: ReadView | null = null;

  constructor(
    private readonly store: Store,
    private readonly transaction: StoreTransaction,
  ) {}

  /** A view of the newest committed state. */
  take(command: number): ReadView {
    const view: ReadView = { snapshot: this.store.takeSnapshot(), transaction: this.transaction, command };
    this.shared = view;
    if (this.kept.length < keptMax) {
      this.kept.push(view.snapshot);
      return view;
    }
    const held = new Held(view.snapshot, this.dropped);
    this.dropped.add(held);
    collected.register(view, held);
    return view;
  }

  /** A view of a snapshot that stays until the transaction ends and is not shared: its reads may be tracked. */
  keep(snapshot: Snapshot, command: number): ReadView {
    this.kept.push(snapshot);
    return { snapshot, transaction: this.transaction, command };
  }

  /** A view of the newest committed state whose reads are tracked; shared as by `takeShared`. */
  takeConstraint(serializable: SerializableStore, command: number): ReadView {
    const newest = this.store.visibleSequence?.() ?? -1;
    const known = this.constraint;
    if (known === null || newest !== known.snapshot.sequence) {
      known?.snapshot.release();
      const snapshot = serializable.takeConstraintSnapshot(this.transaction);
      this.constraint = { snapshot, transaction: this.transaction, command };
      return this.constraint;
    }
    return known.command === command ? known : sharing(known, command);
  }

  /** The snapshot that was exported under the name, as the base of a view; null where there is none. */
  import(name: string, command: number): ReadView | null {
    const snapshot = this.store.importSnapshot?.(name) ?? null;
    if (snapshot === null) return null;
    this.kept.push(snapshot);
    return { snapshot, transaction: this.transaction, command };
  }

  /** As `take`, but shares the last one's snapshot as long as nothing was committed since. */
  takeShared(command: number): ReadView {
    const newest = this.store.visibleSequence?.() ?? -1;
    const { shared } = this;
    if (shared === null || newest < 0 || newest !== shared.snapshot.sequence) return this.take(command);
    return shared.command === command ? shared : sharing(shared, command);
  }

  releaseAll(): void {
    for (const snapshot of this.kept) snapshot.release();
    for (const held of this.dropped) held.release();
    this.constraint?.snapshot.release();
    this.constraint = null;
    this.kept = [];
    this.shared = null;
  }
}

/** A view on the same snapshot that keeps the first one, and so its snapshot, alive. */
function sharing(base: ReadView, command: number): ReadView & { readonly base: ReadView } {
  return { snapshot: base.snapshot, transaction: base.transaction, command, base };
}

/** A snapshot that goes with its view. */
class Held {
  constructor(
    private readonly snapshot: Snapshot,
    private readonly owner: Set<Held>,
  ) {}

  release(): void {
    if (this.owner.delete(this)) this.snapshot.release();
  }
}
