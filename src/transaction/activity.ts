// A session's page in pg_stat_activity: memory of the addon that this worker writes without a call. The count at its
// start is odd while it changes; readers take a copy at an even one. Layout, in the machine's byte order:
//   0 change count u32    4 state u32         8 backend start f64    16 transaction start f64
//   24 query start f64   32 state change f64  40 wait event u32      44 length of the text u32
//   48 xid f64           56 xmin f64          64 query id i64        96 the statement's text
// Times are microseconds since 2000-01-01 UTC, 0 for none. The addon's point path writes the page of a session that it
// serves in the same way (native/crates/backends/src/activity.rs).
import { addon } from '../base/addon.js';
import { currentMicroseconds } from '../base/clock.js';

export type ActivityState =
  | 'disabled'
  | 'active'
  | 'idle'
  | 'idle in transaction'
  | 'idle in transaction (aborted)'
  | 'fastpath function call';

const states: readonly (ActivityState | null)[] = [
  null,
  'disabled',
  'active',
  'idle',
  'idle in transaction',
  'idle in transaction (aborted)',
  'fastpath function call',
];

/** Wait events we know, as `type:event`; their index is what the page holds. */
const waitEvents = [
  '',
  'Lock:relation',
  'Lock:object',
  'Lock:transactionid',
  'Lock:advisory',
  'Client:ClientRead',
  'Client:ClientWrite',
  'Timeout:PgSleep',
  'IO:WALSync',
  'Lock:virtualxid',
  'IPC:SafeSnapshot',
  'Lock:spectoken',
] as const;
export type WaitEvent = Exclude<(typeof waitEvents)[number], ''>;

const clientRead = waitEvents.indexOf('Client:ClientRead');
const headerBytes = 96;

export class SessionActivity {
  private readonly page: Buffer;
  private readonly words: Uint32Array;
  private readonly floats: Float64Array;

  /** `slot`: the session's number in the registry of backends. */
  constructor(readonly slot: number) {
    this.page = addon.activityOpen(slot);
    this.words = new Uint32Array(this.page.buffer, this.page.byteOffset, headerBytes / 4);
    this.floats = new Float64Array(this.page.buffer, this.page.byteOffset, headerBytes / 8);
    this.change(() => {
      this.floats[1] = currentMicroseconds();
    });
  }

  /** A statement begins. */
  startQuery(text: string): void {
    const { words, floats, page } = this;
    words[0] = (words[0] as number) + 1;
    const now = currentMicroseconds();
    words[1] = 2;
    words[10] = 0;
    floats[3] = now;
    floats[4] = now;
    const shown = text.length > page.length ? text.slice(0, page.length) : text;
    words[11] = page.utf8Write(shown, headerBytes, page.length - headerBytes);
    words[0] = (words[0] as number) + 1;
  }

  setState(state: ActivityState): void {
    const { words } = this;
    const code = states.indexOf(state);
    if (words[1] === code) return;
    words[0] = (words[0] as number) + 1;
    words[1] = code;
    // Whoever isn't active waits for the client.
    words[10] = state === 'active' ? 0 : clientRead;
    this.floats[4] = currentMicroseconds();
    words[0] = (words[0] as number) + 1;
  }

  /** Start of the transaction in microseconds since 2000-01-01 UTC, null at its end (which also forgets its ids). */
  setTransaction(start: bigint | null): void {
    const { words, floats } = this;
    words[0] = (words[0] as number) + 1;
    floats[2] = start === null ? 0 : Number(start);
    if (start === null) {
      floats[6] = 0;
      floats[7] = 0;
    }
    words[0] = (words[0] as number) + 1;
  }

  setXid(xid: bigint): void {
    this.change(() => {
      this.floats[6] = Number(xid);
    });
  }

  /** The commit that the session's snapshot stands at. */
  setXmin(xmin: number): void {
    const { words } = this;
    words[0] = (words[0] as number) + 1;
    this.floats[7] = xmin;
    words[0] = (words[0] as number) + 1;
  }

  setWait(event: WaitEvent | null): void {
    this.change(() => {
      this.words[10] = event === null ? 0 : waitEvents.indexOf(event);
    });
  }

  private change(write: () => void): void {
    this.words[0] = (this.words[0] as number) + 1;
    write();
    this.words[0] = (this.words[0] as number) + 1;
  }
}

export interface ActivityReport {
  readonly state: string | null;
  readonly backendStart: bigint | null;
  readonly transactionStart: bigint | null;
  readonly queryStart: bigint | null;
  readonly stateChange: bigint | null;
  readonly waitEventType: string | null;
  readonly waitEvent: string | null;
  readonly xid: bigint | null;
  readonly xmin: bigint | null;
  readonly queryId: bigint | null;
  readonly query: string;
}

/** What a slot's session is doing. */
export function readActivity(slot: number): ActivityReport {
  const read = addon.activityRead(slot);
  const page = read.length >= headerBytes ? read : Buffer.alloc(headerBytes);
  const at = (offset: number) => orNull(page.readDoubleLE(offset));
  const [waitEventType = '', waitEvent = ''] = (waitEvents[page.readUInt32LE(40)] ?? '').split(':');
  const queryId = page.readBigInt64LE(64);
  return {
    state: states[page.readUInt32LE(4)] ?? null,
    backendStart: at(8),
    transactionStart: at(16),
    queryStart: at(24),
    stateChange: at(32),
    waitEventType: waitEventType === '' ? null : waitEventType,
    waitEvent: waitEvent === '' ? null : waitEvent,
    xid: at(48),
    xmin: at(56),
    queryId: queryId === 0n ? null : queryId,
    query: page.utf8Slice(headerBytes, headerBytes + page.readUInt32LE(44)),
  };
}

function orNull(value: number): bigint | null {
  return value === 0 ? null : BigInt(Math.trunc(value));
}
