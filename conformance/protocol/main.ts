// Compares conversations: random sequences of protocol messages, sent to a real PostgreSQL and to our server, must be
// answered message by message alike, errors' fields and the closing of the connection included.
// Usage: node main.js --ours PORT [--oracle PORT] [--database NAME] [--count N] [--seed N] [--show N]
import { Source } from '../queries/source.js';
import { Peer, withoutLostRows } from './peer.js';
import { generateSequence, reset, setup } from './sequence.js';

const args = process.argv.slice(2);

function option(name: string, fallback: string): string {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? fallback : (args[at + 1] ?? fallback);
}

const database = option('database', 'postgres');
const oracle = new Peer(Number(option('oracle', '5417')), database);
const ours = new Peer(Number(option('ours', '5432')), option('own-database', 'postgres'));
const first = Number(option('seed', '1'));
const count = Number(option('count', '1000'));
const showMax = Number(option('show', '10'));
let different = 0;
await Promise.all([oracle.prepare(setup), ours.prepare(setup)]);
for (let seed = first; seed < first + count; seed++) await compare(seed);
oracle.close();
ours.close();
console.log(`${count - different} same, ${different} different`);
process.exitCode = different === 0 ? 0 : 1;

async function compare(seed: number): Promise<void> {
  const sequence = generateSequence(new Source(seed));
  await Promise.all([oracle.prepare(reset), ours.prepare(reset)]);
  const [expected, got] = (await Promise.all([oracle.run(sequence), ours.run(sequence)])).map(withoutLostRows) as [
    string[],
    string[],
  ];
  const at = expected.findIndex((line, index) => line !== got[index]);
  if (at < 0 && expected.length === got.length) return;
  different++;
  if (different > showMax) return;
  const place = at < 0 ? expected.length : at;
  console.log(`-- seed ${seed}\n${sequence.messages.map(({ text }) => `   ${text}`).join('\n')}`);
  console.log(`  reply ${place}: PostgreSQL ${(expected[place] ?? '(nothing)').slice(0, 400)}`);
  console.log(`  reply ${place}: ours       ${(got[place] ?? '(nothing)').slice(0, 400)}`);
}
