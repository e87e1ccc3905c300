// What COPY ... FROM STDIN and TO STDOUT need of the session: it owns the protocol exchange (CopyInResponse, CopyData,
// CopyDone, CopyFail, CopyOutResponse), COPY owns the bytes inside. Chunks are cut anywhere: never at row borders.
import { serviceKey } from '../../functions/call-info.js';

/** How the client is told to send or expect data: overall format and one code for each column. */
export interface CopyStreamFormat {
  readonly binary: boolean;
  readonly columnCount: number;
}

/** Data from the client. Ends at CopyDone; CopyFail rejects with 57014 `COPY from stdin failed: ...`; a message of
 *  another kind with 08P01. Leaving the loop early (an error) makes the session drop what the client still sends. */
export type CopyInSource = AsyncIterable<Buffer>;

/** Data to the client. `write` takes whole rows (text: each ends with its newline) and resolves, or returns undefined,
 *  when the client's socket can take more. The buffer is the sink's from then on. */
export interface CopyOutSink {
  /** `chunk` holds the rows whose end offsets are `rowEnds`: the protocol wants one CopyData message for each row. */
  write(chunk: Buffer, rowEnds: readonly number[]): Promise<void> | undefined;
  /** All rows are written: CopyDone. Not called after an error. */
  end(): Promise<void> | undefined;
}

export interface CopyStreams {
  /** Sends CopyInResponse. */
  openIn(format: CopyStreamFormat): CopyInSource;
  /** Sends CopyOutResponse. */
  openOut(format: CopyStreamFormat): CopyOutSink;
}

/** The session's copy streams: `context.session.service(copyStreams)`. */
export const copyStreams = serviceKey<CopyStreams>('copyStreams');
