// Sessions and locks: what pg_stat_activity and pg_locks are made of, and cancelling (manual, sections 27.2.3, 9.28.2).
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import {
  type BackendStatus,
  backendsService,
  lockTableService,
  preparedTransactionsService,
} from '../../functions/server-services.js';
import { PgArray, type Value } from '../../types/value.js';
import { roleReadAllStats, typeOid } from '../oids.js';
import { currentUserId } from '../session-identity.js';
import { catalogOf, outRecord, parseHostAddress } from './call.js';

tableFn('pg_prepared_xact', {
  *rows(info: CallInfo) {
    for (const prepared of info.session.service(preparedTransactionsService).list()) {
      yield [xid(prepared.xid), prepared.gid, prepared.preparedAt, prepared.owner, prepared.database];
    }
  },
});

const backends = (info: CallInfo) => info.session.service(backendsService);

/** Superusers, the role itself and pg_read_all_stats see what a session does; others only that it is there. */
function maySee(info: CallInfo, backend: BackendStatus): boolean {
  const { access } = catalogOf(info);
  const user = currentUserId(info);
  return access.hasPrivilegesOf(user, backend.role) || access.hasPrivilegesOf(user, roleReadAllStats);
}

const or = (number: number): number | null => (number === 0 ? null : number);
const xid = (id: bigint | null): number | null => (id === null ? null : Number(BigInt.asUintN(32, id)));

tableFn('pg_stat_get_activity', {
  *rows(processId: number | null, info: CallInfo) {
    for (const backend of backends(info).list()) {
      if (processId === null || backend.processId === processId) yield activityRow(info, backend);
    }
  },
});

/** OUT columns of pg_stat_get_activity. */
const activityColumnCount = 31;

function activityRow(info: CallInfo, backend: BackendStatus): Value[] {
  const head = [or(backend.database), backend.processId, or(backend.role)];
  if (!maySee(info, backend)) {
    const hidden = Array<Value>(activityColumnCount - 6).fill(null);
    return [...head, '', null, '<insufficient privilege>', ...hidden];
  }
  const isClient = backend.clientPort !== 0;
  const secured = backend.tls;
  const tls = secured === null ? [false, null, null, null] : [true, secured.protocol, secured.cipher, secured.bits];
  return [
    ...head,
    backend.applicationName,
    backend.state,
    backend.query,
    backend.waitEventType,
    backend.waitEvent,
    backend.transactionStart,
    backend.queryStart,
    backend.backendStart,
    backend.stateChange,
    parseHostAddress(backend.clientAddress),
    null,
    isClient ? backend.clientPort : backend.role === 0 ? null : -1,
    xid(backend.xid),
    xid(backend.xmin),
    backend.kind,
    ...tls,
    null,
    null,
    null,
    false,
    null,
    false,
    false,
    null,
    backend.queryId,
  ];
}

tableFn('pg_stat_get_backend_idset', {
  *rows(info: CallInfo) {
    for (const { backendId } of backends(info).list()) yield backendId;
  },
});

const backendFacts: Readonly<Record<string, (backend: BackendStatus) => Value>> = {
  pid: (backend) => backend.processId,
  dbid: (backend) => backend.database,
  userid: (backend) => backend.role,
  activity: (backend) => backend.query,
  activity_start: (backend) => backend.queryStart,
  start: (backend) => backend.backendStart,
  xact_start: (backend) => backend.transactionStart,
  client_addr: (backend) => parseHostAddress(backend.clientAddress),
  client_port: (backend) => (backend.clientPort === 0 ? -1 : backend.clientPort),
  wait_event_type: (backend) => backend.waitEventType,
  wait_event: (backend) => backend.waitEvent,
};
for (const [name, fact] of Object.entries(backendFacts)) {
  fn(`pg_stat_get_backend_${name}`, {
    impl(backendId: number, info: CallInfo) {
      const backend = backends(info)
        .list()
        .find((candidate) => candidate.backendId === backendId);
      return backend === undefined ? null : fact(backend);
    },
  });
}
fn('pg_stat_get_backend_subxact', {
  impl: () => outRecord(['subxact_count', typeOid.int4, 0], ['subxact_overflowed', typeOid.bool, false]),
});

tableFn('pg_lock_status', {
  *rows(info: CallInfo) {
    for (const lock of info.session.service(lockTableService).rows())
      yield [
        lock.lockType,
        lock.database,
        lock.isFile ? relationOf(lock.relation, lock.database, info) : lock.relation,
        lock.page,
        lock.tuple,
        lock.virtualXid,
        lock.transactionId,
        lock.classId,
        lock.objectId,
        lock.objectSubId,
        lock.virtualTransaction,
        lock.processId,
        lock.mode,
        lock.granted,
        false,
        lock.waitStart,
      ];
  },
});

/** Oid of the relation with the file; the file's number where the relation is another database's or gone. */
function relationOf(filenode: number | null, database: number | null, info: CallInfo): number | null {
  const { tables, database: own } = catalogOf(info);
  if (filenode === null || database !== own) return filenode;
  return tables.findOne('pg_class', { reltablespace: 0, relfilenode: filenode })?.row.oid ?? filenode;
}

fn('pg_blocking_pids', {
  impl: (processId: number, info: CallInfo) =>
    PgArray.of(typeOid.int4, info.session.service(lockTableService).blockingPids(processId)),
});
fn('pg_safe_snapshot_blocking_pids', {
  impl: (processId: number, info: CallInfo) =>
    PgArray.of(typeOid.int4, info.session.service(lockTableService).safeSnapshotBlockingPids(processId)),
});
fn('pg_isolation_test_session_is_blocked', {
  impl(processId: number, interesting: PgArray, info: CallInfo) {
    const locks = info.session.service(lockTableService);
    const blockers = [...locks.blockingPids(processId), ...locks.safeSnapshotBlockingPids(processId)];
    return blockers.some((blocker) => interesting.elements.includes(blocker));
  },
});

const roleSignalBackend = 4200;

function signal(processId: number, request: 'cancel' | 'terminate', info: CallInfo): boolean {
  const service = backends(info);
  const backend = service.find(processId);
  if (backend === null || backend.role === 0) {
    const warning = `PID ${processId} is not a PostgreSQL backend process`;
    info.session.notice({ severity: 'WARNING', code: SqlState.warning, message: warning, fields: {} });
    return false;
  }
  requireSignal(backend, request, info);
  return service.signal(processId, request);
}

function requireSignal(backend: BackendStatus, request: 'cancel' | 'terminate', info: CallInfo): void {
  const { access, roles } = catalogOf(info);
  const user = currentUserId(info);
  const denied = (detail: string) =>
    pgError(
      SqlState.insufficientPrivilege,
      `permission denied to ${request === 'cancel' ? 'cancel query' : 'terminate process'}`,
      { detail },
    );
  const words = request === 'cancel' ? 'cancel the query of' : 'terminate the process of';
  if (roles.isSuperuser(user)) return;
  if (backend.isSuperuser)
    throw denied(`Only roles with the SUPERUSER attribute may ${words} a role with the SUPERUSER attribute.`);
  if (access.hasPrivilegesOf(user, backend.role) || access.hasPrivilegesOf(user, roleSignalBackend)) return;
  throw denied(
    `Only roles with privileges of the role whose ${request === 'cancel' ? 'query is being canceled' : 'process is being terminated'} or with privileges of the "pg_signal_backend" role may ${request === 'cancel' ? 'cancel this query' : 'terminate this process'}.`,
  );
}

fn('pg_cancel_backend', { impl: (processId: number, info: CallInfo) => signal(processId, 'cancel', info) });
fn('pg_terminate_backend', {
  impl: (processId: number, _timeout: bigint, info: CallInfo) => signal(processId, 'terminate', info),
});
