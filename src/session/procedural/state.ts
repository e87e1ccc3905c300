// A session's procedural side: its functions, where they are, the loops whose rows must outlive a COMMIT within them.
import type { RunningSql } from '../../procedural/host.js';
import { Functions } from '../../procedural/functions.js';
import type { Row } from '../../types/value.js';
import { Casts } from './casts.js';
import { ContextStack } from './context-stack.js';
import { createHost } from './host.js';
import type { Session } from '../session.js';

export class ProceduralState {
  readonly context = new ContextStack();
  private lazyFunctions: Functions | null = null;
  private lazyCasts: Casts | null = null;
  /** The statement that a function runs now may end its transaction: CALL within procedures. */
  atomic = true;
  /** Blocks with exception handlers that are open. */
  subtransactions = 0;
  private portalCount = 0;
  private readonly loops = new Set<HeldRows>();

  constructor(private readonly session: Session) {}

  get functions(): Functions {
    this.lazyFunctions ??= new Functions(createHost(this.session));
    return this.lazyFunctions;
  }

  get casts(): Casts {
    this.lazyCasts ??= new Casts(this.session);
    return this.lazyCasts;
  }

  /** A statement of the client begins: nothing runs any more, however the last one ended. */
  reset(): void {
    if (this.lazyFunctions === null) return;
    this.context.clear();
    this.atomic = true;
    this.subtransactions = 0;
    this.loops.clear();
    this.lazyFunctions.reset();
  }

  /** A name for a cursor that has none. */
  newPortalName(): string {
    for (;;) {
      this.portalCount += 1;
      const name = `<unnamed portal ${this.portalCount}>`;
      if (!this.session.portals.has(name)) return name;
    }
  }

  /** Rows of a loop: a transaction that ends in the loop reads the rest of them first. */
  pin(running: RunningSql): RunningSql {
    // A loop is a cursor without a name of its own.
    this.newPortalName();
    const held = new HeldRows(running, () => this.loops.delete(held));
    this.loops.add(held);
    return held;
  }

  /** Before a transaction ends: what loops still have to read is read now. */
  async holdLoops(): Promise<void> {
    for (const loop of this.loops) await loop.hold();
  }
}

class HeldRows implements RunningSql {
  private rest: Row[] | null = null;

  constructor(
    private readonly running: RunningSql,
    private readonly closed: () => void,
  ) {}

  get columns() {
    return this.running.columns;
  }

  get processed() {
    return this.running.processed;
  }

  next(rowCountMax: number) {
    if (this.rest === null) return this.running.next(rowCountMax);
    return this.rest.length === 0 ? null : this.rest.splice(0, rowCountMax);
  }

  async hold(): Promise<void> {
    if (this.rest !== null) return;
    const rows: Row[] = [];
    for (let batch = await this.running.next(4096); batch !== null; batch = await this.running.next(4096))
      rows.push(...batch);
    await this.running.close();
    this.rest = rows;
  }

  close() {
    this.closed();
    return this.running.close();
  }
}
