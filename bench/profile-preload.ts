// Loaded first by every thread of a server that is profiled: records a CPU profile of each thread between two requests.
// A request is a file, told of by SIGUSR2 to the main thread, which passes it on to the workers and replies by a file once
// all of them have done it. Node.js's own --cpu-prof would record the whole life of the server.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';
import {
  environmentName,
  type ProfileRequest,
  replyFile,
  requestFile,
  samplingMicroseconds,
} from './profile-request.js';

type Message =
  | { readonly kind: 'hello' | 'done'; readonly thread: number }
  | { readonly kind: 'request'; readonly request: ProfileRequest };

const folder = process.env[environmentName];
/** Connected only while it records: a thread that is watched runs slower. */
let session: Session | null = null;

if (folder !== undefined) {
  const channel = new BroadcastChannel('heliosdb-bench-profile');
  if (isMainThread) leadThreads(channel, folder);
  else followMain(channel, folder);
  channel.unref();
}

function leadThreads(channel: BroadcastChannel, into: string): void {
  const workers = new Set<number>();
  let waiting = new Set<number>();
  let current: ProfileRequest | null = null;
  const replyIfDone = () => {
    if (waiting.size > 0 || current === null) return;
    writeFileSync(join(into, `${replyFile}.part`), JSON.stringify(current));
    renameSync(join(into, `${replyFile}.part`), join(into, replyFile));
    current = null;
  };
  channel.onmessage = (event: unknown) => {
    const message = (event as { data: Message }).data;
    if (message.kind === 'hello') workers.add(message.thread);
    if (message.kind === 'done') waiting.delete(message.thread);
    replyIfDone();
  };
  process.on('SIGUSR2', async () => {
    const request = JSON.parse(readFileSync(join(into, requestFile), 'utf8')) as ProfileRequest;
    waiting = new Set([...workers, threadId]);
    current = request;
    channel.postMessage({ kind: 'request', request } satisfies Message);
    await act(request, into);
    waiting.delete(threadId);
    replyIfDone();
  });
}

function followMain(channel: BroadcastChannel, into: string): void {
  channel.onmessage = async (event: unknown) => {
    const message = (event as { data: Message }).data;
    if (message.kind !== 'request') return;
    await act(message.request, into);
    channel.postMessage({ kind: 'done', thread: threadId } satisfies Message);
  };
  channel.postMessage({ kind: 'hello', thread: threadId } satisfies Message);
}

async function act(request: ProfileRequest, into: string): Promise<void> {
  if (request.action === 'start') {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: samplingMicroseconds });
    await session.post('Profiler.start');
    return;
  }
  if (session === null) return;
  const { profile } = await session.post('Profiler.stop');
  await session.post('Profiler.disable');
  session.disconnect();
  session = null;
  mkdirSync(into, { recursive: true });
  const thread = isMainThread ? 'main' : `worker-${threadId}`;
  writeFileSync(join(into, `${request.label}.${thread}.cpuprofile`), JSON.stringify(profile));
}
