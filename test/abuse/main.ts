// `npm run abuse -- wire|connections|load|sql [options]`: the suites of this folder at full size, each against a server of
// its own. Prints progress and figures; exits with 1 where something broke.
import { parseArgs } from 'node:util';
import { setup } from '../../conformance/protocol/sequence.js';
import { Source } from '../../conformance/queries/source.js';
import { WireClient } from '../../conformance/wire-client.js';
import { type TestServer, startServer } from '../support/server.js';
import { connectionRound, settledMb, sizeOf, untilAlone } from './connections.js';
import { fuzzedServer } from './fuzzed-server.js';
import { LoadClient, type LoadFigures, cancelAtRandom, loadSchema, verifySums } from './mixed-load.js';
import { smith } from './sqlsmith.js';
import { fuzzOnce } from './wire.js';

const usage = `usage: npm run abuse -- SUITE [options]
  wire         damaged conversations of the protocol     --count 20000 --seed 1 --parallel 8
  connections  opened, used and closed, over and over    --count 5000 --seconds 600
  load         clients that read, write and are canceled --count 200 --seconds 600 --seed 1
  sql          SQLsmith's queries                         --count 20000 --seed 1`;

/** Memory may differ by this share between the first rounds and the last. */
const growthMax = 0.1;
/** Part of a load's time after which everything that it compiles and caches is there. */
const warmShare = 0.2;
/** Rounds until everything that the first ones compile and cache is there. */
const warmRounds = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '600' },
    parallel: { type: 'string', default: '8' },
  },
});
const seed = Number(values.seed);
const seconds = Number(values.seconds);
const countOr = (count: number) => Number(values.count ?? count);

const suites: Readonly<Record<string, () => Promise<string[]>>> = {
  wire: () => wire(countOr(20000), Number(values.parallel)),
  connections: () => connections(countOr(5000)),
  load: () => load(countOr(200)),
  sql: () => sql(countOr(20000)),
};

const suite = suites[positionals[0] ?? ''];
if (suite === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const failures = await suite();
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Runs a suite against a server; adds what every suite looks for in the end: it serves, and had no internal error. */
async function against(
  options: Parameters<typeof startServer>[0],
  run: (server: TestServer, control: WireClient) => Promise<string[]>,
): Promise<string[]> {
  const server = await startServer(options);
  const control = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  const failures = await run(server, control);
  const answer = await control.query('select 1').catch((error: Error) => error.message);
  if (typeof answer === 'string' || answer.error !== null) failures.push('the server serves no more');
  const broken = server.output().match(/^.*internal error.*$/m);
  if (broken !== null) failures.push(broken[0]);
  control.close();
  await server.stop();
  return failures;
}

function wire(count: number, parallel: number): Promise<string[]> {
  return against(fuzzedServer, async (server, control) => {
    for (const statement of setup) await control.query(statement);
    const failures: string[] = [];
    let [next, sent, received, peakMb] = [seed, 0, 0, 0];
    const show = () => {
      const { residentMb } = sizeOf(server);
      peakMb = Math.max(peakMb, residentMb);
      console.log(`${next - seed} conversations, ${sent} bytes sent, ${received} received, ${residentMb} MB resident`);
    };
    const worker = async (): Promise<void> => {
      while (next < seed + count && failures.length === 0) {
        const outcome = await fuzzOnce(server.port, next++);
        sent += outcome.sent;
        received += outcome.received;
        if (!outcome.isClosed) failures.push(`seed ${outcome.seed}: the connection stays open`);
        if ((next - seed) % 1000 === 0) show();
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    show();
    console.log(`peak ${peakMb} MB`);
    return failures;
  });
}

function connections(count: number): Promise<string[]> {
  const settings = [`max_connections=${count + 20}`];
  return against({ settings }, async (server, control) => {
    const end = Date.now() + seconds * 1000;
    let before = sizeOf(server);
    let rounds = 0;
    while (Date.now() < end || rounds <= warmRounds) {
      await connectionRound(server, count);
      await untilAlone(control);
      rounds++;
      const now = sizeOf(server);
      if (rounds === warmRounds) before = now;
      console.log(`round ${rounds}: ${now.residentMb} MB resident, ${now.descriptors} descriptors`);
    }
    const after = sizeOf(server);
    const failures: string[] = [];
    if (after.residentMb > before.residentMb * (1 + growthMax))
      failures.push(`resident memory grew from ${before.residentMb} to ${after.residentMb} MB`);
    if (after.descriptors > before.descriptors)
      failures.push(`descriptors grew from ${before.descriptors} to ${after.descriptors}`);
    return failures;
  });
}

function load(count: number): Promise<string[]> {
  const settings = [`max_connections=${count + 20}`, 'log_min_messages=panic'];
  return against({ settings }, async (server, control) => {
    await control.query(loadSchema);
    const figures: LoadFigures = { transactions: 0, committed: 0, reads: 0, errors: new Map() };
    const clients: LoadClient[] = [];
    for (let id = 1; id <= count; id++) clients.push(await LoadClient.connect(server, id, seed, figures));
    const memory = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
    const end = Date.now() + seconds * 1000;
    const isOver = () => Date.now() >= end;
    const show = () => {
      const errors = [...figures.errors].map(([code, times]) => `${code} ${times}`).join(', ');
      const { transactions, committed, reads } = figures;
      const { residentMb, anonymousMb } = sizeOf(server);
      const size = `${residentMb} MB resident, ${anonymousMb} MB its own`;
      console.log(`${transactions} transactions, ${committed} committed, ${reads} reads; ${errors}; ${size}`);
    };
    const shown = setInterval(show, 10_000);
    const canceling = cancelAtRandom(control, clients, new Source(seed), isOver);
    const running = Promise.allSettled(clients.map((client) => client.run(isOver)));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000 * warmShare));
    const before = await settledMb(server, memory);
    const outcomes = await running;
    await canceling;
    clearInterval(shown);
    show();
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
    const after = await settledMb(server, memory);
    console.log(`${before} MB its own once warm, ${after} MB after the load`);
    if (after > before * (1 + growthMax)) failures.push(`its own memory grew from ${before} to ${after} MB`);
    memory.close();
    for (const client of clients) failures.push(...(await client.verify(control)));
    return [...failures, ...(await verifySums(control))];
  });
}

function sql(count: number): Promise<string[]> {
  const settings = ['statement_timeout=4s', 'log_min_messages=panic'];
  return against({ settings }, async (server, control) => {
    for (const statement of setup) await control.query(statement);
    const progress = (queries: number) => console.log(`${queries} queries, ${sizeOf(server).residentMb} MB resident`);
    const figures = await smith(server, { count, seed, progress });
    for (const line of figures.report.slice(0, 40)) console.log(line);
    const failures = figures.report.filter((line) => /XX000|connection/.test(line));
    return figures.isLost ? [...failures, 'a connection was lost'] : failures;
  });
}
