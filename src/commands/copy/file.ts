// Server files as COPY's source and sink.
import { createReadStream, createWriteStream, statSync, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CopyInSource, CopyOutSink } from './api.js';

const messages: Readonly<Record<string, readonly [SqlState, string]>> = {
  ENOENT: [SqlState.undefinedFile, 'No such file or directory'],
  EACCES: [SqlState.insufficientPrivilege, 'Permission denied'],
  EISDIR: [SqlState.wrongObjectType, 'Is a directory'],
  ENOTDIR: [SqlState.undefinedFile, 'Not a directory'],
  ENOSPC: [SqlState.diskFull, 'No space left on device'],
};

function fileError(error: unknown, path: string, purpose: 'reading' | 'writing'): Error {
  const code = (error as { code?: string }).code ?? '';
  const [state, text] = messages[code] ?? [SqlState.ioError, (error as Error).message];
  const verb = purpose === 'reading' ? 'FROM' : 'TO';
  const action = purpose === 'reading' ? 'read' : 'write';
  const hint =
    code === 'ENOENT' || code === 'EACCES'
      ? `COPY ${verb} instructs the PostgreSQL server process to ${action} a file. You may want a client-side facility such as psql's \\copy.`
      : undefined;
  return pgError(state, `could not open file "${path}" for ${purpose}: ${text}`, { hint });
}

/** The file's bytes in chunks. Throws 58P01, 42501, 42809. */
export async function openFileSource(path: string): Promise<CopyInSource> {
  try {
    const handle = await open(path, 'r');
    const stats = await handle.stat();
    if (stats.isDirectory()) {
      await handle.close();
      throw pgError(SqlState.wrongObjectType, `"${path}" is a directory`);
    }
    return createReadStream(path, { fd: handle, highWaterMark: 256 * 1024 }) as unknown as CopyInSource;
  } catch (error) {
    if (error instanceof Error && 'severity' in error) throw error;
    throw fileError(error, path, 'reading');
  }
}

/** A sink that overwrites the file. Throws 42602 for a relative path. */
export async function openFileSink(path: string): Promise<CopyOutSink> {
  if (!isAbsolute(path)) throw pgError(SqlState.invalidName, 'relative path not allowed for COPY to file');
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw pgError(SqlState.wrongObjectType, `"${path}" is a directory`);
  }
  const stream = createWriteStream(path, { mode: 0o644 });
  try {
    await once(stream, 'open');
  } catch (error) {
    throw fileError(error, path, 'writing');
  }
  return sinkOf(stream);
}

function sinkOf(stream: WriteStream): CopyOutSink {
  return {
    write(chunk) {
      if (stream.write(chunk)) return undefined;
      return once(stream, 'drain').then(() => undefined);
    },
    end() {
      return new Promise((resolve, reject) => {
        stream.once('error', (error) =>
          reject(pgError(SqlState.ioError, `could not write to COPY file: ${error.message}`)),
        );
        stream.end(() => resolve());
      });
    },
  };
}
