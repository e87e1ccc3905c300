// Writes the answers of test/sql/triggers from a real PostgreSQL 17, in an empty database of it.
// Usage: node dist/test/sql/record-transcripts.js PORT DATABASE
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { answersFile, readQueries } from './query-file.js';
import { transcript } from './transcript.js';

const [port = '5432', database = 'triggers'] = process.argv.slice(2);
const client = new pg.Client({ host: '127.0.0.1', port: Number(port), user: 'postgres', database });
await client.connect();
const answers = await transcript(client, readQueries('triggers'));
writeFileSync(join('test', 'sql', 'triggers', 'answers.txt'), answersFile(answers));
await client.end();
