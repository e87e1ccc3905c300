// Messages that no driver sends in this order: what follows an error up to Sync is skipped, also where a message behind it
// could be answered natively.
import { connect } from 'node:net';
import { test } from 'tap';
import { bind, execute, flush, parse, startup, sync } from '../../conformance/protocol/messages.js';
import { takeReplies } from '../../conformance/protocol/replies.js';
import { startServer } from '../support/server.js';

const add = bind({ portal: '', statement: 'add', formats: [], values: [], resultFormats: [] });
const get = bind({ portal: '', statement: 'get', formats: [], values: [], resultFormats: [] });
/** Uses after which a statement has its generic plan and runs natively. */
const settledRuns = 8;

test('an error skips to Sync', { timeout: 60_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const socket = connect({ host: server.host, port: server.port });
  t.teardown(() => void socket.destroy());
  let rest: Buffer = Buffer.alloc(0);
  let types = '';
  socket.on('data', (chunk) => {
    const taken = takeReplies(Buffer.concat([rest, chunk]));
    rest = taken.rest;
    for (const { type } of taken.replies) types += type;
  });
  /** Sends messages and waits until the types of the replies end with `last`; gives them all. */
  const ask = async (messages: readonly Buffer[], last: string): Promise<string> => {
    types = '';
    socket.write(Buffer.concat(messages));
    while (!types.endsWith(last)) await new Promise((resolve) => setTimeout(resolve, 2));
    return types;
  };
  await ask([startup('postgres')], 'Z');
  const simple = (sql: string) => [
    parse('', sql),
    bind({ portal: '', statement: '', formats: [], values: [], resultFormats: [] }),
    execute('', 0),
    sync(),
  ];
  await ask(simple('create table one (id int primary key, n int)'), 'Z');
  await ask(simple('insert into one values (1, 0)'), 'Z');
  await ask([parse('add', 'update one set n = n + 1 where id = 1'), sync()], 'Z');
  await ask([parse('get', 'select n from one where id = 1'), sync()], 'Z');
  for (let n = 0; n < settledRuns; n++) {
    t.equal(await ask([add, execute('', 0), sync()], 'Z'), '2CZ');
    t.equal(await ask([get, execute('', 0), sync()], 'Z'), '2DCZ');
  }
  t.equal(await ask([parse('', 'no sql'), flush()], 'E'), 'E');
  t.equal(await ask([add, execute('', 0), sync()], 'Z'), 'Z');
  t.equal(await ask([parse('', 'no sql'), flush()], 'E'), 'E');
  t.equal(await ask([add, execute('', 0), sync(), get, execute('', 0), sync()], 'CZ'), 'Z2DCZ');
  t.equal(await ask([add, execute('', 0), add, execute('', 0), parse('', 'no sql'), sync()], 'Z'), '2C2CEZ');
  t.equal(await ask([get, execute('', 0), get, execute('', 0), sync()], 'Z'), '2DC2DCZ');
  types = '';
  t.equal(await ask(simple(`select 1 from one where n = ${settledRuns}`), 'Z'), '12DCZ', 'what failed left nothing');
});
