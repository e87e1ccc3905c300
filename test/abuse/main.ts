// `npm run abuse -- wire [--count N] [--seed S]`: the suites of this folder at full size against a server of their own.
// Prints progress and figures; exits with 1 where something broke.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setup } from '../../conformance/protocol/sequence.js';
import { WireClient } from '../../conformance/wire-client.js';
import { type TestServer, startServer } from '../support/server.js';
import { fuzzedServer } from './fuzzed-server.js';
import { fuzzOnce } from './wire.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '8' },
  },
});

switch (positionals[0]) {
  case 'wire':
    process.exitCode = await wire(Number(values.seed), Number(values.count), Number(values.parallel));
    break;
  default:
    console.error('usage: npm run abuse -- wire [--count N] [--seed S] [--parallel P]');
    process.exitCode = 2;
}

async function wire(first: number, count: number, parallel: number): Promise<number> {
  const server = await startServer(fuzzedServer);
  const control = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  for (const statement of setup) await control.query(statement);
  const figures = { conversations: 0, sent: 0, received: 0, peakMb: residentMb(server) };
  const failures: string[] = [];
  let next = first;
  const worker = async (): Promise<void> => {
    while (next < first + count && failures.length === 0) {
      const outcome = await fuzzOnce(server.port, next++);
      figures.conversations++;
      figures.sent += outcome.sent;
      figures.received += outcome.received;
      if (!outcome.isClosed) failures.push(`seed ${outcome.seed}: the connection stays open`);
      if (figures.conversations % 1000 === 0) await look(server, control, figures, failures);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  await look(server, control, figures, failures);
  control.close();
  await server.stop();
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? 0 : 1;
}

interface Figures {
  conversations: number;
  sent: number;
  received: number;
  peakMb: number;
}

/** Shows how it goes, and looks whether the server still serves. */
async function look(server: TestServer, control: WireClient, figures: Figures, failures: string[]): Promise<void> {
  const memory = residentMb(server);
  figures.peakMb = Math.max(figures.peakMb, memory);
  const answer = await control.query('select 1').catch((error: Error) => error.message);
  if (typeof answer === 'string' || answer.error !== null) failures.push('the server serves no more');
  const broken = server.output().match(/^.*internal error.*$/m);
  if (broken !== null) failures.push(broken[0]);
  const { conversations, sent, received, peakMb } = figures;
  console.log(
    `${conversations} conversations, ${sent} bytes sent, ${received} received, resident ${memory} MB (peak ${peakMb})`,
  );
}

function residentMb(server: TestServer): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
