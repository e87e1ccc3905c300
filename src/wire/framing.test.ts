// Frames cut from streams in every possible way, and malformed ones.
import { test } from 'tap';
import { ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { writeCommandComplete, writeNegotiateProtocolVersion, writeReadyForQuery } from './backend.js';
import { writeErrorResponse } from './error-response.js';
import { MessageFramer } from './framing.js';
import type { FrontendMessage } from './frontend.js';
import { decodeStartupPacket, splitOptions } from './startup.js';

function frame(type: string, ...parts: readonly (string | readonly number[] | Buffer)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : Buffer.from(part))),
  );
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const int16 = (value: number) => [value >> 8, value & 255];
const int32 = (value: number) => [0, 0, ...int16(value)];

const stream = Buffer.concat([
  frame('Q', 'select 1'),
  frame('P', 's1', 'select $1', int16(1), int32(23)),
  frame('B', 'p1', 's1', int16(1), int16(1), int16(2), int32(2), [7, 8], [255, 255, 255, 255], int16(0)),
  frame('D', Buffer.from('S'), 's1'),
  frame('E', 'p1', int32(10)),
  frame('d', Buffer.from('a\tb\n')),
  frame('S'),
  frame('X'),
]);

const expected: readonly FrontendMessage[] = [
  { kind: 'query', sql: 'select 1' },
  { kind: 'parse', name: 's1', sql: 'select $1', parameterTypes: [23] },
  {
    kind: 'bind',
    portal: 'p1',
    statement: 's1',
    parameterFormats: [1],
    parameters: [Buffer.from([7, 8]), null],
    resultFormats: [],
  },
  { kind: 'describe', target: 'statement', name: 's1' },
  { kind: 'execute', portal: 'p1', rowCountMax: 10 },
  { kind: 'copyData', data: Buffer.from('a\tb\n') },
  { kind: 'sync' },
  { kind: 'terminate' },
];

test('messages come out whole, however the stream is cut', (t) => {
  for (const size of [1, 2, 3, 7, 16, stream.length]) {
    const framer = new MessageFramer();
    const messages: FrontendMessage[] = [];
    for (let at = 0; at < stream.length; at += size) {
      framer.push(stream.subarray(at, at + size));
      for (let message = framer.next(); message !== null; message = framer.next()) messages.push(message);
    }
    t.strictSame(messages, expected, `chunks of ${size}`);
    t.equal(framer.bufferedBytes, 0);
  }
  t.end();
});

function nextOf(bytes: Buffer): FrontendMessage | null {
  const framer = new MessageFramer();
  framer.push(bytes);
  return framer.next();
}

test('malformed frames are FATAL 08P01', (t) => {
  const fatal = { code: '08P01', severity: 'FATAL' };
  t.throws(() => nextOf(frame('!')), { ...fatal, message: 'invalid frontend message type 33' });
  t.throws(() => nextOf(Buffer.from([0x51, 0, 0, 0, 3])), { ...fatal, message: 'invalid message length' });
  t.throws(() => nextOf(Buffer.from([0x53, 0, 1, 0, 0])), { ...fatal, message: 'invalid message length' });
  t.end();
});

test('a malformed body is the message’s own error', (t) => {
  const errorOf = (bytes: Buffer) => {
    const message = nextOf(bytes);
    if (message?.kind !== 'invalid') throw new Error('the message is sound');
    return `${message.error.severity} ${message.error.code} ${message.error.message}`;
  };
  t.equal(errorOf(frame('Q', Buffer.from('no terminator'))), 'ERROR 08P01 invalid string in message');
  t.equal(errorOf(frame('Q', 'a', 'b')), 'ERROR 08P01 invalid message format');
  t.equal(errorOf(frame('B', '', '', int16(0), int16(1), int32(99))), 'ERROR 08P01 insufficient data left in message');
  t.equal(errorOf(frame('D', Buffer.from('Z'), '')), 'ERROR 08P01 invalid DESCRIBE message subtype 90');
  t.end();
});

test('text that is not UTF-8 is the statement’s error, not the stream’s', (t) => {
  const message = nextOf(frame('Q', Buffer.from([0x73, 0xe2, 0x28, 0xa1, 0])));
  t.match(message, {
    kind: 'invalid',
    type: 0x51,
    error: { code: '22021', severity: 'ERROR', message: 'invalid byte sequence for encoding "UTF8": 0xe2 0x28 0xa1' },
  });
  t.match(nextOf(frame('P', '', Buffer.from([0xff, 0]), int16(0))), { kind: 'invalid', type: 0x50 });
  t.end();
});

test('backend messages have the protocol’s bytes', (t) => {
  const writer = new ByteWriter();
  writeCommandComplete(writer, 'SELECT 1');
  writeReadyForQuery(writer, 'failed');
  writeNegotiateProtocolVersion(writer, 0, ['_pq_.x']);
  t.equal(writer.view().toString('latin1'), 'C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05Ev\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0');
  writer.reset();
  writeErrorResponse(writer, pgError(SqlState.undefinedTable, 'no', { position: 3, hint: 'h', constraint: 'c' }));
  t.equal(writer.view().toString('latin1'), 'E\0\0\0\x27SERROR\0VERROR\0C42P01\0Mno\0Hh\0P3\0nc\0\0');
  t.end();
});

test('start-up packets and their options are decoded', (t) => {
  const body = Buffer.from('user\0ann\0options\0-c a=b\0_pq_.y\x001\0\0');
  const packet = Buffer.concat([Buffer.from([0, 0, 0, body.length + 8, 0, 3, 0, 2]), body]);
  t.strictSame(decodeStartupPacket(packet), {
    kind: 'startup',
    minorVersion: 2,
    parameters: new Map([
      ['user', 'ann'],
      ['options', '-c a=b'],
    ]),
    protocolOptions: ['_pq_.y'],
  });
  t.throws(() => decodeStartupPacket(packet.subarray(0, -1)), { code: '08P01' });
  t.strictSame(splitOptions('  -c a=b\\ c   --d=\\\\ '), ['-c', 'a=b c', '--d=\\']);
  t.end();
});
