// Short runs of the loads that main.ts has at length.
import { test } from 'tap';
import { Source } from '../../conformance/queries/source.js';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';
import { connectionRound, sizeOf, untilAlone } from './connections.js';
import { LoadClient, type LoadFigures, cancelAtRandom, loadSchema, verifySums } from './mixed-load.js';

test('connections give back what they took', { timeout: 120_000 }, async (t) => {
  const server = await startServer({ settings: ['max_connections=220'] });
  t.teardown(() => server.stop());
  const control = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  await connectionRound(server, 200);
  await untilAlone(control);
  const { descriptors } = sizeOf(server);
  for (let round = 0; round < 2; round++) await connectionRound(server, 200);
  await untilAlone(control);
  t.ok(sizeOf(server).descriptors <= descriptors, 'descriptors');
  control.close();
});

test(
  'clients that are canceled and time out lose and keep exactly what they were told',
  { timeout: 120_000 },
  async (t) => {
    const server = await startServer({ settings: ['log_min_messages=panic'] });
    t.teardown(() => server.stop());
    const control = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
    await control.query(loadSchema);
    const figures: LoadFigures = { transactions: 0, committed: 0, reads: 0, errors: new Map() };
    const clients: LoadClient[] = [];
    for (let id = 1; id <= 20; id++) clients.push(await LoadClient.connect(server, id, 1, figures));
    const isOver = () => figures.transactions >= 400;
    const canceling = cancelAtRandom(control, clients, new Source(1), isOver);
    await Promise.all(clients.map((client) => client.run(isOver)));
    await canceling;
    for (const client of clients) t.same(await client.verify(control), []);
    t.same(await verifySums(control), []);
    t.ok(figures.committed > 0);
    t.notMatch(server.output(), 'internal error');
    control.close();
  },
);
