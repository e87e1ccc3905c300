// Times what loads consist of: COPY's lines made rows by the addon, rows encoded here, an index built from stored rows and
// from keys made here, and their commit.
import type { RowLayout, Store } from '../../src/storage/api.js';
import type { StorageClass } from '../../src/types/type-behaviour.js';
import type { TypeDescriptor } from '../../src/types/type-descriptor.js';
import { report, timed, timedWait } from './figures.js';

const rowCount = 500_000;
const lineBytesMax = 64 * 1024;
const types = {
  typeByOid: (): never => {
    throw new Error('no type is looked up here');
  },
};

/** Prints nanoseconds of one row; the first round warms up. */
export async function measureLoads(store: Store): Promise<void> {
  for (let round = 0; round < 2; round++) await measure(store, round * 10, round > 0);
}

function typeOf(input: string, storage: StorageClass): TypeDescriptor {
  const behaviour = {
    symbol: input,
    storage,
    store: (value: string, _type: unknown, writer: { utf8(text: string): number }) => writer.utf8(value),
  };
  return {
    kind: 'b',
    name: input,
    input,
    length: storage === 'varlen' ? -1 : 4,
    behaviour,
  } as unknown as TypeDescriptor;
}

/** pgbench_accounts: three int4 and a text. */
async function measure(store: Store, first: number, reports: boolean) {
  const kinds = [
    typeOf('int4in', 'int4'),
    typeOf('int4in', 'int4'),
    typeOf('int4in', 'int4'),
    typeOf('textin', 'varlen'),
  ];
  const layout: RowLayout = { attributes: kinds.map((type) => ({ type, missing: null })) };
  const say = (what: string, nanoseconds: number) => {
    if (reports) report(what, nanoseconds / rowCount, 'ns a row');
  };
  const file = (filenode: number) => ({ database: 1, filenode: 30000 + first + filenode, temporaryOwner: 0 });
  const copied = store.table(file(1), layout, types);
  const columns = kinds.map((type, n) => ({ attribute: n + 1, type, typmod: -1, notNull: n === 0 }));
  const loader = copied.copyLoader?.(columns, { delimiter: 9, quote: null, nullText: '\\N' });
  if (!loader) throw new Error('the columns are not copied natively');
  const chunks = linesOf(rowCount);
  const load = store.begin(1);
  say(
    'COPY lines',
    timed(() => {
      for (const chunk of chunks) loader.take(load, 1, chunk, {});
      loader.flush(load, 1, {});
    }),
  );
  loader.close();
  say('their commit', await timedWait(() => load.commit({ synchronous: true })));
  const inserted = store.table(file(2), layout, types);
  const insert = store.begin(1);
  say(
    'rows from here',
    timed(() => {
      for (let id = 0; id < rowCount; id += 1000)
        inserted.insertMany(
          insert,
          1,
          Array.from({ length: 1000 }, (_, at) => [id + at, 1, 0, ' '.repeat(84)]),
        );
    }),
  );
  say('their commit', await timedWait(() => insert.commit({ synchronous: true })));
  const snapshot = store.takeSnapshot();
  const build = store.begin(1);
  const rows = store.index(file(3)).build(build, 1, { isUnique: true, nullsDistinct: true });
  say(
    'index of stored rows',
    timed(() => {
      const view = { snapshot, transaction: null, command: 1 };
      rows.scan(view, file(1), [{ attribute: 1, kind: 2, descending: true, nullsFirst: true }]);
      while (rows.takeRows(16384) > 0);
      rows.finish();
    }),
  );
  const keys = store.index(file(4)).build(build, 1, { isUnique: true, nullsDistinct: true });
  const key = Buffer.alloc(5, 1);
  say(
    'index of keys from here',
    timed(() => {
      for (let id = 0; id < rowCount; id++) {
        key.writeUInt32BE((id * 7919) % rowCount, 1);
        keys.add(key, id + 1, false);
      }
      keys.finish();
    }),
  );
  say('their commit', await timedWait(() => build.commit({ synchronous: true })));
  snapshot.release();
}

/** Lines as pgbench sends them, in chunks of whole ones. */
function linesOf(count: number): Buffer[] {
  const chunks: Buffer[] = [];
  let text = '';
  for (let id = 1; id <= count; id++) {
    text += `${id}\t${1 + Math.floor(id / 100_000)}\t0\t${' '.repeat(84)}\n`;
    if (text.length > lineBytesMax || id === count) {
      chunks.push(Buffer.from(text));
      text = '';
    }
  }
  return chunks;
}
