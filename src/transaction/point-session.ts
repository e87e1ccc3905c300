// A session's point statements in the addon (native/crates/points): the addon answers them from the client's bytes as long
// as it knows how, and hands over what it does not, with the transaction that it may have opened.
import type { PointCounts, PointProgram, PointTransaction } from '../../native/binding.js';
import { addon } from '../base/addon.js';
import { native } from '../storage/native-error.js';
import type { SessionStatistics, TransactionStatistics } from './session-statistics.js';

/** How often what the addon's transactions did is added to the sessions' statistics. */
const countsIntervalMs = 1000;
/** How long to wait before looking again whether a commit is through. */
const commitPollMs = 1;

/** How long the addon waits for a row's lock before it leaves the wait to the session. */
export const nativeWaitMs = 100;

/** A transaction that the addon began and the session goes on with. */
export type AdoptedTransaction = PointTransaction;

/** A block that the session began and the addon goes on with. */
export type LentTransaction = Omit<AdoptedTransaction, 'inBlock' | 'uses'>;

/** What a Query message is known by: its text without literals, those of them that are parameters, and the others. */
export interface PointText {
  readonly skeleton: string;
  readonly slots: readonly { readonly literal: number; readonly isNegative: boolean }[];
  readonly fixed: readonly (readonly [literal: number, text: string])[];
}

export class PointSession {
  private isOpen = false;
  private isAttached = true;

  /** `descriptor`: the client's socket, which the worker's pump has. */
  constructor(
    private readonly descriptor: number,
    session: { readonly processId: number; readonly slot: number },
    private readonly statistics: SessionStatistics,
  ) {
    native(() => addon.pointsAttach(descriptor, session.processId, session.slot));
    known.set(descriptor, this);
    timer ??= setInterval(addCounts, countsIntervalMs).unref();
  }

  prepare(name: string, program: PointProgram): void {
    native(() => addon.pointsPrepare(this.descriptor, name, program));
  }

  /** Query messages whose texts have the skeleton run the program. */
  prepareText({ skeleton, slots, fixed }: PointText, program: PointProgram): void {
    const numbers = slots.flatMap(({ literal, isNegative }) => [literal, isNegative ? 1 : 0]);
    const literals = fixed.map(([literal]) => literal);
    const texts = fixed.map(([, text]) => text);
    native(() => addon.pointsPrepareText(this.descriptor, skeleton, numbers, literals, texts, program));
  }

  /** A Query message was answered since this was last asked. */
  ranQuery(): boolean {
    return this.isAttached && native(() => addon.pointsRanQuery(this.descriptor));
  }

  /** The statement is gone. */
  remove(name: string): void {
    if (this.isAttached) native(() => addon.pointsRemove(this.descriptor, name));
  }

  /** What was prepared is void; the statements themselves go on. */
  forgetPrograms(): void {
    native(() => addon.pointsForgetPrograms(this.descriptor));
  }

  hasStatements(): boolean {
    return native(() => addon.pointsHasStatements(this.descriptor));
  }

  /** How often the addon has run a statement. */
  runs(name: string): number {
    return native(() => addon.pointsRuns(this.descriptor, name));
  }

  /** From here on the addon looks at what the client sends; `lockOwner`: the session's number in the lock table;
   *  `mayWait`: nothing asks for more of waits for row locks than a look after `nativeWaitMs`. */
  open(lockOwner: number, mayWait: boolean): void {
    if (this.isOpen) return;
    this.isOpen = true;
    native(() => addon.pointsOpen(this.descriptor, lockOwner, mayWait, null));
  }

  /** The same in a transaction block. */
  goOn(lockOwner: number, mayWait: boolean, { xid, ...rest }: LentTransaction): void {
    this.isOpen = true;
    const lent = { ...rest, inBlock: true, uses: [], ...(xid !== undefined && { xid }) };
    native(() => addon.pointsOpen(this.descriptor, lockOwner, mayWait, lent));
  }

  /** The session goes on: with the transaction that the addon had open, if there is one. */
  takeOver(): AdoptedTransaction | null {
    if (!this.isOpen) return null;
    this.isOpen = false;
    const transaction = native(() => addon.pointsHandOver(this.descriptor));
    this.addCounts();
    return transaction;
  }

  /** Throws why a commit failed. */
  throwFailure(): void {
    native(() => addon.pointsFailure(this.descriptor));
  }

  /** The client is gone: waits for a commit under way, whose locks must be held until it is through. */
  async end(): Promise<void> {
    while (native(() => addon.pointsIsWaiting(this.descriptor))) {
      await new Promise((resolve) => setTimeout(resolve, commitPollMs));
    }
    this.detach();
    known.delete(this.descriptor);
    if (known.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  /** Adds what ended transactions did to the session's statistics. */
  addCounts(): void {
    const { statistics } = this;
    const { committed, rolledBack, inCommitted, inRolledBack } = native(() => addon.pointsCounts(this.descriptor));
    if (committed > 0) addEnded(statistics, inCommitted, committed, true);
    if (rolledBack > 0) addEnded(statistics, inRolledBack, rolledBack, false);
  }

  private detach(): void {
    this.isAttached = false;
    this.addCounts();
    addon.pointsDetach(this.descriptor);
  }
}

/** This worker's, by the client's socket. */
const known = new Map<number, PointSession>();
let timer: NodeJS.Timeout | null = null;

function addCounts(): void {
  for (const descriptor of addon.pointsWithCounts()) known.get(descriptor)?.addCounts();
}

/** Counts what a transaction of the addon's did to relations. */
export function addUses(statistics: TransactionStatistics, uses: PointCounts['inCommitted']): void {
  for (const { relation, scans, returned, fetched, inserted, updated } of uses) {
    const counts = statistics.of(relation);
    counts.numscans += scans;
    counts.tuplesReturned += returned;
    counts.tuplesFetched += fetched;
    if (inserted > 0) counts.inserted(inserted);
    // Its updates change no index entry.
    if (updated > 0) counts.updated(true, updated);
  }
}

function addEnded(
  statistics: SessionStatistics,
  uses: PointCounts['inCommitted'],
  count: number,
  committed: boolean,
): void {
  addUses(statistics, uses);
  statistics.count(committed ? 'transactionsCommitted' : 'transactionsRolledBack', count - 1);
  statistics.transactionEnded(committed);
}
