// COPY's side of the protocol (manual, section 53.2.6): CopyInResponse and the client's CopyData, CopyOutResponse and
// ours. The COPY command owns the bytes inside. What a client still sends of a failed COPY the message loop drops.
import { type PgError, SqlState, fatalError, pgError } from '../errors/pg-error.js';
import type { CopyInSource, CopyOutSink, CopyStreamFormat, CopyStreams } from '../commands/copy/api.js';
import { writeCopyData, writeCopyDone, writeCopyResponse } from '../wire/backend.js';
import { type FrontendMessage, frontendMessageType } from '../wire/frontend.js';
import type { Session } from './session.js';

const outputFlushBytes = 64 * 1024;
const inputPieceBytes = 64 * 1024;

/** The session's copy streams. */
export function copyStreamsOf(session: Session): CopyStreams {
  return {
    openIn: (format) => openIn(session, format),
    openOut: (format) => openOut(session, format),
  };
}

function openIn(session: Session, format: CopyStreamFormat): CopyInSource {
  writeFormat(session, 'in', format);
  return { [Symbol.asyncIterator]: () => receiveData(session) };
}

/** The client's bytes. Clients send a message for each line: what has arrived goes on in one piece. */
async function* receiveData(session: Session): AsyncGenerator<Buffer> {
  const { connection } = session;
  const flushed = connection.flush();
  if (flushed) await flushed;
  let pieces: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const joined = connection.pollCopyData?.() ?? null;
    if (joined !== null) {
      pieces.push(joined);
      bytes += joined.length;
    }
    let message = connection.poll();
    if (message === null || bytes >= inputPieceBytes) {
      if (bytes > 0) yield Buffer.concat(pieces, bytes);
      pieces = [];
      bytes = 0;
      session.checkInterrupts();
      message ??= await connection.receive(undefined, () => session.checkInterrupts());
      if (message === null) {
        throw fatalError(SqlState.connectionFailure, 'unexpected EOF on client connection with an open transaction');
      }
    }
    if (message.kind === 'copyData') {
      pieces.push(message.data);
      bytes += message.data.length;
    } else if (message.kind !== 'flush' && message.kind !== 'sync') {
      // What came before the end, or before what is wrong, counts.
      if (bytes > 0) yield Buffer.concat(pieces, bytes);
      session.checkInterrupts();
      if (message.kind === 'copyDone') return;
      if (message.kind === 'copyFail') {
        throw pgError(SqlState.queryCanceled, `COPY from stdin failed: ${message.message}`);
      }
      if (message.kind === 'invalid') throw message.error;
      throw outOfSync(message);
    }
  }
}

/** A message that has no place in COPY: the client takes the server to be where it is not, so the session ends. */
function outOfSync(message: FrontendMessage): PgError {
  const type = frontendMessageType(message).toString(16).toUpperCase().padStart(2, '0');
  const error = pgError(SqlState.protocolViolation, `unexpected message type 0x${type} during COPY from stdin`);
  error.endsSession = 'terminating connection because protocol synchronization was lost';
  return error;
}

function openOut(session: Session, format: CopyStreamFormat): CopyOutSink {
  const { connection } = session;
  writeFormat(session, 'out', format);
  return {
    write(chunk, rowEnds) {
      let start = 0;
      for (const end of rowEnds) {
        writeCopyData(connection.out, chunk.subarray(start, end));
        start = end;
      }
      return connection.out.length >= outputFlushBytes ? connection.flush() : undefined;
    },
    end() {
      writeCopyDone(connection.out);
      return undefined;
    },
  };
}

function writeFormat(session: Session, direction: 'in' | 'out', format: CopyStreamFormat): void {
  const code = format.binary ? 1 : 0;
  writeCopyResponse(session.connection.out, direction, code, new Array<number>(format.columnCount).fill(code));
}
