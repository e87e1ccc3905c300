// Connections over a Unix-domain socket, from the first packet to a session of a small host.
import { mkdtempSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { test } from 'tap';
import { makeScramVerifier } from '../base/password.js';
import { BaseSettings } from '../config/base-settings.js';
import type { ClientConnection, LoginRole, SessionHost } from '../wire/connection.js';
import { parseHba } from './hba-file.js';
import { serveSocket } from './startup-phase.js';
import { StreamSocket } from './stream-socket.js';
import type { WorkerState } from './worker-state.js';

const role = (name: string, changes: Partial<LoginRole> = {}): LoginRole => ({
  oid: 10,
  name,
  canLogin: true,
  isSuperuser: true,
  isReplication: false,
  password: null,
  validUntil: null,
  connectionLimit: -1,
  mayUseReserved: true,
  isMemberOf: () => false,
  ...changes,
});

const roles = [
  role('ann'),
  role('group', { canLogin: false }),
  role('pat', { password: makeScramVerifier('secret', 1) }),
];

/** Answers each query with its text as a CommandComplete. */
async function echo(connection: ClientConnection): Promise<void> {
  await connection.flush();
  for (;;) {
    const message = connection.poll() ?? (await connection.receive());
    if (message?.kind !== 'query') return;
    connection.out.append(
      Buffer.from(`C\0\0\0${String.fromCharCode(message.sql.length + 5)}${message.sql}\0`, 'latin1'),
    );
    await connection.flush();
  }
}

const host: SessionHost = {
  findRole: (name) => roles.find((found) => found.name === name) ?? null,
  findDatabase: (name) =>
    name === 'db' ? { oid: 5, name, allowsConnections: true, connectionLimit: -1, mayConnect: () => true } : null,
  serve: echo,
};

const state: WorkerState = {
  id: 99,
  settings: new BaseSettings([]),
  log: pino({ level: 'silent' }),
  hba: parseHba('local all pat password\nlocal all all trust\n', 'hba'),
  tls: null,
  authenticationSecret: Buffer.alloc(32),
  limits: { connectionsMax: 2, superuserReserved: 0, reserved: 0 },
  opening: new Set(),
};

const path = join(mkdtempSync(join(tmpdir(), 'heliosdb-startup-')), 'socket');
let server: Server;

test('listen', (t) => {
  server = createServer((socket) => void serveSocket(state, host, new StreamSocket(socket), true));
  server.listen(path, () => t.end());
});

class Client {
  private received = '';
  private readonly socket: Socket;
  readonly ended: Promise<string>;

  constructor() {
    this.socket = createConnection(path);
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
    });
    this.ended = new Promise((resolve) => this.socket.once('close', () => resolve(this.received)));
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.end();
  }

  /** Everything received so far, once it contains `text`. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      await new Promise((resolve, reject) => {
        this.socket.once('data', resolve);
        this.socket.once('close', () => reject(new Error(`closed after ${JSON.stringify(this.received)}`)));
      });
    }
    return this.received;
  }
}

function packet(version: number, body: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  head.writeInt32BE(version, 4);
  return Buffer.concat([head, Buffer.from(body, 'latin1')]);
}

const startup = (user: string, database = 'db') => packet(0x30000, `user\0${user}\0database\0${database}\0\0`);

function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, Buffer.from(body, 'latin1')]);
}

test('a trusted client gets its session, after asking for encryption in vain', async (t) => {
  const client = new Client();
  client.send(packet((1234 << 16) | 5679, ''));
  await client.until('N');
  client.send(Buffer.concat([startup('ann'), message('Q', 'one\0'), message('Q', 'two\0')]));
  t.equal(await client.until('two'), 'NR\0\0\0\x08\0\0\0\0C\0\0\0\x08one\0C\0\0\0\x08two\0');
  client.send(message('X', ''));
  await client.ended;
});

test('who may not come in is told why', async (t) => {
  const refusals = [
    [startup('nobody'), 'C28000\0Mrole "nobody" does not exist'],
    [startup('group'), 'C28000\0Mrole "group" is not permitted to log in'],
    [startup('ann', 'none'), 'C3D000\0Mdatabase "none" does not exist'],
    [packet(0x30000, '\0'), 'C28000\0Mno PostgreSQL user name specified in startup packet'],
    [packet(0x20000, '\0'), 'C0A000\0Munsupported frontend protocol 2.0: server supports 3.0 to 3.0'],
    [packet(0x30000, 'user\0ann'), 'C08P01\0Minvalid startup packet layout: expected terminator as last byte'],
    [Buffer.from([0x7f, 0, 0, 0]), 'C08P01\0Minvalid length of startup packet'],
  ] as const;
  for (const [bytes, expected] of refusals) {
    const client = new Client();
    client.send(bytes);
    const answer = await client.ended;
    t.ok(answer.includes(`SFATAL\0VFATAL\0${expected}`), expected);
  }
});

test('a password is asked for and checked', async (t) => {
  for (const [password, expected] of [
    ['secret', 'R\0\0\0\x08\0\0\0\0'],
    ['wrong', 'C28P01\0Mpassword authentication failed for user "pat"'],
  ] as const) {
    const client = new Client();
    client.send(startup('pat'));
    await client.until('R\0\0\0\x08\0\0\0\x03');
    client.send(message('p', `${password}\0`));
    t.ok((await client.until(expected)).includes(expected));
    client.close();
    await client.ended;
  }
});

test('one client too many is turned away, and a gone one makes room', async (t) => {
  const [first, second] = [new Client(), new Client()];
  for (const client of [first, second]) client.send(Buffer.concat([startup('ann'), message('Q', 'on\0')]));
  for (const client of [first, second]) await client.until('on');
  const third = new Client();
  third.send(startup('ann'));
  t.ok((await third.ended).includes('C53300\0Msorry, too many clients already'));
  first.close();
  await first.ended;
  const fourth = new Client();
  fourth.send(Buffer.concat([startup('ann'), message('Q', 'on\0')]));
  await fourth.until('on');
  for (const client of [second, fourth]) {
    client.close();
    await client.ended;
  }
  server.close();
});
