// Sockets of the pump: what clients send arrives in order, what they don't read waits, ends are told, TLS may take over.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { addon } from '../base/addon.js';
import { PumpedSocket } from './pumped-socket.js';

const worker = 98;
const path = join(mkdtempSync(join(tmpdir(), 'heliosdb-pump-')), 'socket');
const waiting: ((socket: PumpedSocket) => void)[] = [];

test('listen', (t) => {
  addon.workerAdd(worker, () => {
    for (const descriptor of addon.workerTakeMail(worker).descriptors) waiting.shift()?.(new PumpedSocket(descriptor));
  });
  addon.acceptorListenUnix(path, 0o600, 1);
  t.end();
});

/** Both ends of one connection. */
async function pair(): Promise<{ near: PumpedSocket; far: Socket }> {
  const accepted = new Promise<PumpedSocket>((resolve) => waiting.push(resolve));
  // The thread-safe function that tells of it keeps nothing alive.
  const alive = setInterval(() => {}, 1000);
  const far = connect(path);
  const near = await accepted;
  clearInterval(alive);
  return { near, far };
}

interface Collected {
  text: string;
  ended: Promise<void>;
}

function collect(socket: PumpedSocket): Collected {
  const collected: Collected = { text: '', ended: Promise.resolve() };
  collected.ended = new Promise((resolve) => {
    socket.own({ received: (chunk) => (collected.text += chunk.toString()), ended: resolve });
  });
  return collected;
}

test('what is sent before anybody owns the socket is kept, and the end is told', async (t) => {
  const { near, far } = await pair();
  const sent = new Promise((resolve) => far.write('ab', resolve));
  const first = collect(near);
  await sent;
  await new Promise((resolve) => setImmediate(resolve));
  near.own(null);
  far.end('cd');
  const second = collect(near);
  await second.ended;
  t.equal(first.text + second.text, 'abcd');
  t.notOk(near.isClosed, 'output may still be sent');
  near.write(Buffer.from('answer'));
  near.close();
  t.ok(near.isClosed);
  const [answer] = await new Promise<[string]>((resolve) => far.once('data', (chunk) => resolve([String(chunk)])));
  t.equal(answer, 'answer');
});

test('a client that does not read holds the sender up, and gets everything when it does', async (t) => {
  const { near, far } = await pair();
  far.pause();
  const drained = new Promise<void>((resolve) => {
    near.own({ received: () => {}, ended: () => {}, drained: resolve });
  });
  const block = Buffer.alloc(1 << 20, 'x');
  let written = 0;
  while (!near.isFull) {
    near.write(Buffer.from(block));
    written += block.length;
  }
  t.ok(near.unsentBytes > 0);
  near.write(Buffer.from('end'));
  let received = 0;
  let last = '';
  const all = new Promise<void>((resolve) => {
    far.on('data', (chunk: Buffer) => {
      received += chunk.length;
      last = chunk.subarray(-3).toString();
      if (received === written + 3) resolve();
    });
  });
  far.resume();
  await drained;
  await all;
  t.equal(last, 'end', 'in order');
  near.close();
});

test('a socket that was given up is a stream', async (t) => {
  const { near, far } = await pair();
  let isGone = false;
  near.onGone = () => {
    isGone = true;
  };
  near.own({ received: () => {}, ended: () => {} });
  near.own(null);
  const stream = near.intoStream();
  far.write('hello');
  const chunk = await new Promise<Buffer>((resolve) => stream.once('data', resolve));
  t.equal(chunk.toString(), 'hello');
  t.notOk(isGone);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  near.destroy();
  await closed;
  t.ok(isGone);
});

test('stop listening', (t) => {
  addon.acceptorStop();
  addon.workerRemove(worker);
  t.end();
});
