// Files of the server as functions show them (manual, section 9.28.9): who may call them says pg_proc; paths outside the
// data directory need the role pg_read_server_files.
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync, type Stats } from 'node:fs';
import { isAbsolute, join, normalize, relative, resolve } from 'node:path';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import { decodeText } from '../../types/text-encoding.js';
import { typeOid } from '../oids.js';
import { currentUserId } from '../session-identity.js';
import { catalogOf, outRecord, pgTimestamp } from './call.js';

const readers = 'pg_read_server_files';

/** The path as the server sees it: relative ones stand in the data directory. Throws 42501. */
function checkedPath(name: string, info: CallInfo): string {
  const directory = info.session.setting('data_directory') ?? '.';
  const path = normalize(name);
  const inside = relative(directory, resolve(directory, path));
  const isInside = !isAbsolute(inside) && inside.split('/')[0] !== '..';
  if (!isInside && !mayReadAnything(info)) {
    throw pgError(
      SqlState.insufficientPrivilege,
      isAbsolute(path) ? 'absolute path not allowed' : 'path must be in or below the data directory',
    );
  }
  return isAbsolute(path) ? path : join(directory, path);
}

function mayReadAnything(info: CallInfo): boolean {
  const { roles } = catalogOf(info);
  const user = currentUserId(info);
  const role = roles.roleOid(readers);
  return roles.isSuperuser(user) || (role !== null && roles.inheritedRoles(user).has(role));
}

const systemErrors: Readonly<Record<string, readonly [SqlState, string] | undefined>> = {
  ENOENT: [SqlState.undefinedFile, 'No such file or directory'],
  EACCES: [SqlState.insufficientPrivilege, 'Permission denied'],
  EPERM: [SqlState.insufficientPrivilege, 'Operation not permitted'],
  EISDIR: [SqlState.wrongObjectType, 'Is a directory'],
  ENOTDIR: [SqlState.undefinedFile, 'Not a directory'],
};

/** Runs a file operation; null where the file is missing and may be. */
function onFile<T>(what: string, missingOk: boolean, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    const code = String((error as { code?: string }).code ?? '');
    if (code === 'ENOENT' && missingOk) return null;
    const [state, text] = systemErrors[code] ?? [SqlState.ioError, (error as Error).message];
    if (error instanceof Error && 'severity' in error) throw error;
    throw pgError(state, `could not ${what}: ${text}`);
  }
}

interface ReadOptions {
  readonly offset?: bigint;
  /** Bytes to read; undefined: to the end. */
  readonly length?: bigint;
  readonly missingOk?: boolean;
}

/** Most bytes that one call reads. */
const readBytesMax = 0x3fffffff - 4;

function readBytes(name: string, info: CallInfo, options: ReadOptions): Buffer | null {
  const { offset = 0n, length, missingOk = false } = options;
  if (length !== undefined && length < 0n) {
    throw pgError(SqlState.invalidParameterValue, 'requested length cannot be negative');
  }
  if (length !== undefined && length > BigInt(readBytesMax)) {
    throw pgError(SqlState.programLimitExceeded, 'requested length too large');
  }
  const path = checkedPath(name, info);
  const descriptor = onFile(`open file "${name}" for reading`, missingOk, () => openSync(path, 'r'));
  if (descriptor === null) return null;
  try {
    return onFile(`read file "${name}"`, false, () => readAt(descriptor, name, offset, length));
  } finally {
    closeSync(descriptor);
  }
}

/** Negative offsets count from the end. */
function readAt(descriptor: number, name: string, offset: bigint, length: bigint | undefined): Buffer {
  const { size } = fstatSync(descriptor);
  const start = offset < 0n ? BigInt(size) + offset : offset;
  if (start < 0n) throw pgError(SqlState.ioError, `could not seek in file "${name}": Invalid argument`);
  const rest = BigInt(size) - start;
  // Files without a size of their own (/proc) are read as far as they go.
  const wanted = length ?? (size === 0 ? BigInt(1 << 20) : rest);
  if (wanted > BigInt(readBytesMax)) throw pgError(SqlState.programLimitExceeded, 'file length too large');
  const buffer = Buffer.alloc(Number(wanted < 0n ? 0n : size === 0 || wanted < rest ? wanted : rest < 0n ? 0n : rest));
  let filled = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, filled, Math.max(buffer.length - filled, 0), Number(start) + filled);
    if (count === 0) return buffer.subarray(0, filled);
    filled += count;
  }
}

function readText(name: string, info: CallInfo, options: ReadOptions): string | null {
  const bytes = readBytes(name, info, options);
  return bytes === null ? null : decodeText(bytes, 'UTF8');
}

for (const [prefix, read] of [
  ['pg_read_file', readText],
  ['pg_read_binary_file', readBytes],
] as const) {
  fn(`${prefix}_all`, { impl: (name: string, info: CallInfo) => read(name, info, {}) });
  fn(`${prefix}_all_missing`, {
    impl: (name: string, missingOk: boolean, info: CallInfo) => read(name, info, { missingOk }),
  });
  fn(`${prefix}_off_len`, {
    impl: (name: string, offset: bigint, length: bigint, info: CallInfo) => read(name, info, { offset, length }),
  });
  fn(`${prefix}_off_len_missing`, {
    impl: (name: string, offset: bigint, length: bigint, missingOk: boolean, info: CallInfo) =>
      read(name, info, { offset, length, missingOk }),
  });
}

function describeFile(name: string, missingOk: boolean, info: CallInfo) {
  const path = checkedPath(name, info);
  const found = onFile(`stat file "${name}"`, missingOk, () => statSync(path));
  if (found === null) return null;
  return outRecord(
    ['size', typeOid.int8, BigInt(found.size)],
    ['access', typeOid.timestamptz, secondOf(found.atimeMs)],
    ['modification', typeOid.timestamptz, secondOf(found.mtimeMs)],
    ['change', typeOid.timestamptz, secondOf(found.ctimeMs)],
    ['creation', typeOid.timestamptz, null],
    ['isdir', typeOid.bool, found.isDirectory()],
  );
}

/** Times of files are told in whole seconds. */
function secondOf(unixMs: number): bigint {
  return pgTimestamp(Math.floor(unixMs / 1000) * 1000);
}

fn('pg_stat_file_1arg', { impl: (name: string, info: CallInfo) => describeFile(name, false, info) });
fn('pg_stat_file', {
  impl: (name: string, missingOk: boolean, info: CallInfo) => describeFile(name, missingOk, info),
});

function listDirectory(name: string, missingOk: boolean, withDots: boolean, info: CallInfo): string[] {
  const path = checkedPath(name, info);
  const names = onFile(`open directory "${name}"`, missingOk, () => readdirSync(path)) ?? null;
  if (names === null) return [];
  return withDots ? ['.', '..', ...names] : names;
}

tableFn('pg_ls_dir_1arg', { rows: (name: string, info: CallInfo) => listDirectory(name, false, false, info) });
tableFn('pg_ls_dir', {
  rows: (name: string, missingOk: boolean | null, withDots: boolean | null, info: CallInfo) =>
    listDirectory(name, missingOk ?? false, withDots ?? false, info),
});

/** Plain files of a directory of the server's own that don't hide: name, size, modification. */
function* ownFiles(name: string, missingOk: boolean, info: CallInfo) {
  const path = join(info.session.setting('data_directory') ?? '.', name);
  const names = onFile(`open directory "${name}"`, missingOk, () => readdirSync(path)) ?? [];
  for (const file of names) {
    if (file.startsWith('.')) continue;
    const found: Stats | null = onFile(`stat file "${name}/${file}"`, true, () => statSync(join(path, file)));
    if (found?.isFile()) yield [file, BigInt(found.size), secondOf(found.mtimeMs)];
  }
}

tableFn('pg_ls_logdir', {
  rows: (info: CallInfo) => ownFiles(info.session.setting('log_directory') ?? 'log', false, info),
});
tableFn('pg_ls_waldir', { rows: (info: CallInfo) => ownFiles('store/log', true, info) });
tableFn('pg_ls_archive_statusdir', { rows: () => [] });
tableFn('pg_ls_tmpdir_noargs', { rows: () => [] });
tableFn('pg_ls_tmpdir_1arg', {
  rows(tablespace: number, info: CallInfo) {
    if (catalogOf(info).tables.findOne('pg_tablespace', { oid: tablespace }) !== null) return [];
    throw pgError(SqlState.undefinedObject, `tablespace with OID ${tablespace} does not exist`);
  },
});

/** Formats that pg_current_logfile may be asked for; no collector writes any. */
const logFormats = ['stderr', 'csvlog', 'jsonlog'];
fn('pg_current_logfile', { impl: () => null });
fn('pg_current_logfile_1arg', {
  impl(format: string | null) {
    if (format === null || logFormats.includes(format)) return null;
    throw pgError(SqlState.invalidParameterValue, `log format "${format}" is not supported`, {
      hint: 'The supported log formats are "stderr", "csvlog", and "jsonlog".',
    });
  },
});
fn('pg_rotate_logfile', {
  impl(info: CallInfo) {
    info.session.notice({
      severity: 'WARNING',
      code: SqlState.warning,
      message: 'rotation not possible because log collection not active',
      fields: {},
    });
    return false;
  },
});
