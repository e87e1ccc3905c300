// Speculative insertions of INSERT ... ON CONFLICT: a row is there, but its insertion may yet be taken back. Its session
// holds a token meanwhile, for which whoever meets one of its keys waits. The lock table keeps both as advisory locks of
// the session, with subs of their own: the token by transaction and number, and for each key a sign that leads to it.
import { addon } from '../base/addon.js';
import { lockModeNumber } from './lock-modes.js';

const advisoryKind = 4;
/** pg_locks shows it as `spectoken`: a and b are the transaction's id, c the token's number. */
export const tokenSub = 3;
/** Shown nowhere: a is the index's file, b and c stand for the key. */
const signSub = 4;
const heldMode = lockModeNumber.ExclusiveLock;
const probeMode = lockModeNumber.ShareLock;

/** The token's tag in the lock table. */
export interface Token {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** An insertion that may be taken back. */
export interface Speculation {
  /** The row's key is in the index: who meets it waits for the token. */
  note(file: number, key: Buffer): void;
  /** It stays, or it was taken back. */
  end(): void;
}

/** Takes a token for the lock table's owner, in the transaction of that id; `number` counts the session's tokens. */
export function beginSpeculation(owner: number, xid: bigint, number: number): Speculation {
  const token = { a: Number(xid & 0xffffffffn), b: Number((xid >> 32n) & 0xffffffffn), c: number >>> 0 };
  const held: { readonly tag: Token; readonly sub: number }[] = [];
  const take = (tag: Token, sub: number): void => {
    if (lockNow(owner, tag, sub, heldMode)) held.push({ tag, sub });
  };
  take(token, tokenSub);
  return {
    note: (file, key) => take(signOf(file, key), signSub),
    end() {
      // Signs go first: each leads to a token.
      for (const { tag, sub } of held.reverse()) addon.unlockAdvisory(owner, tag.a, tag.b, tag.c, sub, heldMode);
    },
  };
}

/** The token of another session whose speculative insertion has the key; null where there is none. */
export function speculativeToken(owner: number, file: number, key: Buffer): Token | null {
  const sign = signOf(file, key);
  if (lockNow(owner, sign, signSub, probeMode)) {
    addon.unlockAdvisory(owner, sign.a, sign.b, sign.c, signSub, probeMode);
    return null;
  }
  const rows = addon.locksReport().filter(({ kind, granted }) => kind === advisoryKind && granted);
  const isSign = (row: Token & { readonly sub: number; readonly mode: number }): boolean =>
    row.sub === signSub && row.mode === heldMode && row.a === sign.a && row.b === sign.b && row.c === sign.c;
  const holder = rows.find(isSign)?.pid;
  const tokens = rows.filter(({ sub, mode, pid }) => sub === tokenSub && mode === heldMode && pid === holder);
  // Within an insertion's expressions others may be under way: the one that began last has the key.
  return tokens.reduce<Token | null>((last, { a, b, c }) => (last === null || c > last.c ? { a, b, c } : last), null);
}

/** True for what pg_locks does not show. */
export function isHiddenLock(row: { readonly kind: number; readonly sub: number }): boolean {
  return row.kind === advisoryKind && row.sub === signSub;
}

/** True for a speculative insertion's token. */
export function isToken(row: { readonly kind: number; readonly sub: number }): boolean {
  return row.kind === advisoryKind && row.sub === tokenSub;
}

/** The id of the token's transaction, as pg_locks has it. */
export function transactionOfToken({ a, b }: Token): number {
  return b * 0x100000000 + a;
}

function lockNow(owner: number, { a, b, c }: Token, sub: number, mode: number): boolean {
  return addon.lockAdvisory(owner, a, b, c, sub, mode, true, true) === 0;
}

/** Keys that share a sign only make others wait needlessly. */
function signOf(file: number, key: Buffer): Token {
  let b = 0x811c9dc5;
  let c = 0x9747b28c;
  for (const byte of key) {
    b = Math.imul(b ^ byte, 0x01000193);
    c = Math.imul(c ^ byte, 0x85ebca6b) ^ (c >>> 13);
  }
  return { a: file, b: b >>> 0, c: c >>> 0 };
}
