// Random sequences of protocol messages, sent to both servers: they must be answered message by message alike, errors'
// fields and the closing of the connection included. A case is a block of seeds.
import type { CaseResult, SuiteOptions } from '../case-result.js';
import { Source } from '../queries/source.js';
import { comparing, type Sides } from '../scratch-database.js';
import { Tally } from '../tally.js';
import { Peer, withoutLostRows } from './peer.js';
import { generateSequence, reset, setup } from './sequence.js';

const countDefault = 1000;
const blockLength = 250;

/** Yields a result for each block of seeds. */
export async function* runProtocol(options: SuiteOptions): AsyncGenerator<CaseResult> {
  yield* comparing('protocol', options, (sides) => runBlocks(options, sides));
}

async function* runBlocks(options: SuiteOptions, sides: Sides): AsyncGenerator<CaseResult> {
  const first = options.seed ?? 1;
  const last = first + (options.count ?? countDefault) - 1;
  const [oracle, ours] = [new Peer(sides.oracle), new Peer(sides.server)];
  try {
    await Promise.all([oracle.prepare(setup), ours.prepare(setup)]);
    for (let seed = first; seed <= last; seed += blockLength) {
      const end = Math.min(seed + blockLength - 1, last);
      const name = `seeds ${seed}-${end}`;
      if (!(options.only?.includes(name) ?? true)) continue;
      options.onStart(name);
      const tally = new Tally('protocol', name);
      for (let each = seed; each <= end; each++) await compare(each, oracle, ours, tally);
      yield tally.result();
    }
  } finally {
    oracle.close();
    ours.close();
  }
}

async function compare(seed: number, oracle: Peer, ours: Peer, tally: Tally): Promise<void> {
  const sequence = generateSequence(new Source(seed));
  await Promise.all([oracle.prepare(reset), ours.prepare(reset)]);
  const replies = await Promise.all([oracle.run(sequence), ours.run(sequence)]);
  const [expected, got] = [withoutLostRows(replies[0]), withoutLostRows(replies[1])];
  const isSame = expected.length === got.length && expected.every((line, index) => line === got[index]);
  if (isSame) tally.agreed();
  else {
    const input = [`-- seed ${seed}`, ...sequence.messages.map(({ text }) => `   ${text}`)].join('\n');
    tally.differed({ input, expected, got });
  }
}
