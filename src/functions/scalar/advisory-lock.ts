// Advisory locks (manual, section 9.28.10): on one bigint or two ints, of the session or the transaction, exclusive or
// shared, waiting or not; and pg_export_snapshot (9.28.5).
import { SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { advisoryLocks, snapshotExport } from '../server-services.js';
import type { AdvisoryLockKey } from '../server-services.js';

/** A SQL argument list: the key's one or two values, then the call. */
type Arguments = readonly [...(number | bigint)[], CallInfo];

for (const { suffix, keyOf } of [
  { suffix: 'int8', keyOf: bigintKey },
  { suffix: 'int4', keyOf: pairKey },
]) {
  for (const shared of ['', '_shared']) {
    const isShared = shared !== '';
    for (const scope of ['', '_xact']) {
      const options = { isShared, forSession: scope === '' };
      fn(`pg_advisory${scope}_lock${shared}_${suffix}`, {
        waits: true,
        impl: (...args: unknown[]) => {
          const wait = locksOf(args).lock(keyOf(args as unknown as Arguments), options);
          return wait === undefined ? null : wait.then(() => null);
        },
      });
      fn(`pg_try_advisory${scope}_lock${shared}_${suffix}`, {
        impl: (...args: unknown[]) => locksOf(args).tryLock(keyOf(args as unknown as Arguments), options),
      });
    }
    fn(`pg_advisory_unlock${shared}_${suffix}`, {
      impl: (...args: unknown[]) => {
        const released = locksOf(args).unlock(keyOf(args as unknown as Arguments), isShared);
        if (!released) warnNotHeld(args, isShared);
        return released;
      },
    });
  }
}

fn('pg_advisory_unlock_all', {
  impl: (info: CallInfo) => {
    info.session.service(advisoryLocks).unlockAll();
    return null;
  },
});

fn('pg_export_snapshot', { impl: (call: CallInfo) => call.session.service(snapshotExport).export() });

function locksOf(args: readonly unknown[]) {
  return infoOf(args).session.service(advisoryLocks);
}

function infoOf(args: readonly unknown[]): CallInfo {
  return args[args.length - 1] as CallInfo;
}

function bigintKey(args: Arguments): AdvisoryLockKey {
  const bits = BigInt.asUintN(64, args[0] as bigint);
  return { high: Number(bits >> 32n), low: Number(bits & 0xffffffffn), sub: 1 };
}

function pairKey(args: Arguments): AdvisoryLockKey {
  return { high: (args[0] as number) >>> 0, low: (args[1] as number) >>> 0, sub: 2 };
}

function warnNotHeld(args: readonly unknown[], isShared: boolean): void {
  const mode = isShared ? 'ShareLock' : 'ExclusiveLock';
  const message = `you don't own a lock of type ${mode}`;
  infoOf(args).session.notice({ severity: 'WARNING', code: SqlState.warning, message, fields: {} });
}
