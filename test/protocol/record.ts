// Writes recorded.jsonl from a real PostgreSQL 17. Usage: node dist/test/protocol/record.js PORT DATABASE SEED...
import { Peer, withoutLostRows } from '../../conformance/protocol/peer.js';
import { generateSequence, reset, setup } from '../../conformance/protocol/sequence.js';
import { Source } from '../../conformance/queries/source.js';
import { type Recorded, writeRecorded } from './recorded.js';

const [port = '5432', database = 'postgres', ...seeds] = process.argv.slice(2);
const peer = new Peer({ host: '127.0.0.1', port: Number(port), user: 'postgres', password: '', database });
await peer.prepare(setup);
const recorded: Recorded[] = [];
for (const seed of seeds.map(Number)) {
  await peer.prepare(reset);
  recorded.push({ seed, replies: withoutLostRows(await peer.run(generateSequence(new Source(seed)))) });
}
peer.close();
writeRecorded(recorded);
