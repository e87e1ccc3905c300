// The catalogs over a real store in memory: bootstrap rows, lookups by name and path, what other sessions see of
// uncommitted changes, and deletion plans. Expected texts come from PostgreSQL 17.
import { test } from 'tap';
import type { Notice } from '../errors/pg-error.js';
import { closeStore, openStore } from '../storage/store.js';
import type { Store } from '../storage/api.js';
import { createTransactionManager } from '../transaction/transaction.js';
import type { TransactionManager } from '../transaction/manager-api.js';
import '../types/index.js';
import type { Catalog } from './api.js';
import { bootstrapCatalogs, copyTemplateDatabases, isBootstrapped } from './bootstrap.js';
import { createCatalog } from './catalog.js';
import type { IoSettings } from './catalog-session.js';
import { deleteObjects } from './dependencies/delete-objects.js';
import { objectAddress } from './dependencies/object-address.js';
import { recordDependency } from './dependencies/record.js';
import type { PgClassRow } from './generated/rows.js';
import { bootstrapSuperuser, postgresDatabase, publicNamespace } from './oids.js';

const options = { isolation: 'read committed', readOnly: false, deferrable: false } as const;
let nextSession = 1;

interface Bench {
  readonly catalog: Catalog;
  readonly manager: TransactionManager;
  searchPath: string;
}

function session(store: Store): Bench {
  const sessionId = nextSession++;
  const manager = createTransactionManager(store, {
    processId: sessionId,
    database: postgresDatabase,
    waits: {
      lockTimeoutMs: () => 0,
      deadlockTimeoutMs: () => 10,
      onInterrupt: () => () => undefined,
      checkInterrupts: () => undefined,
      showWait: () => undefined,
    },
    describeRelation: String,
  });
  const bench: Bench = {
    manager,
    searchPath: '"$user", public',
    catalog: createCatalog({
      store,
      database: postgresDatabase,
      databaseName: 'postgres',
      sessionId,
      transaction: () => manager.current,
      userId: () => bootstrapSuperuser,
      sessionUserId: () => bootstrapSuperuser,
      searchPathSetting: () => bench.searchPath,
      ioSettings: {} as IoSettings,
      icuRules: () => {
        throw new Error('no ICU here');
      },
    }),
  };
  return bench;
}

test('catalogs', async (t) => {
  const store = openStore(null);
  t.teardown(() => closeStore());
  await bootstrapCatalogs(store);
  t.equal(isBootstrapped(store), false);
  await copyTemplateDatabases(store);
  t.equal(isBootstrapped(store), true);

  t.test('names', async (t) => {
    const { catalog } = session(store);
    const { names } = catalog;
    t.equal(catalog.findRelation(null, 'pg_class')?.attributes.length, 33);
    t.equal(
      names.toText('regtype', names.toOid('regtype', 'timestamp(3) with time zone[]', false) ?? 0),
      'timestamp with time zone[]',
    );
    t.equal(names.toText('regprocedure', names.toOid('regprocedure', 'abs(int)', false) ?? 0), 'abs(integer)');
    t.equal(names.toText('regoperator', names.toOid('regoperator', '-(none,int)', false) ?? 0), '-(NONE,integer)');
    t.equal(names.toText('regproc', 1397), 'pg_catalog.abs');
    t.equal(names.toOid('regclass', 'nosuch', true), null);
    t.throws(() => names.toOid('regclass', 'nosuch', false), {
      code: '42P01',
      message: 'relation "nosuch" does not exist',
    });
    t.throws(() => names.toOid('regproc', 'abs', false), {
      code: '42725',
      message: 'more than one function named "abs"',
    });
    t.throws(() => names.toOid('regtype', 'nosuch.foo', false), {
      code: '3F000',
      message: 'schema "nosuch" does not exist',
    });
    t.equal(catalog.formatType(1700, 327686), 'numeric(5,2)');
    t.equal(catalog.formatType(1042, -1), 'bpchar');
    t.equal(catalog.defaultOpclass(1043, 'btree')?.name, 'text_ops');
  });

  t.test("uncommitted changes are the session's own", async (t) => {
    const one = session(store);
    const other = session(store);
    const transaction = one.manager.begin(options);
    const before = one.catalog.version();
    await createSchema(one.catalog, 'mine', transaction);
    t.equal(one.catalog.findNamespace('mine')?.name, 'mine');
    t.equal(other.catalog.findNamespace('mine'), null);
    t.not(one.catalog.version(), before);
    const depth = one.manager.savepoint();
    await createSchema(one.catalog, 'inner', transaction);
    t.equal(one.catalog.findNamespace('inner')?.name, 'inner');
    one.manager.rollbackTo(depth);
    t.equal(one.catalog.findNamespace('inner'), null);
    await one.manager.commit({ synchronous: true });
    t.equal(other.catalog.findNamespace('mine')?.name, 'mine');
    other.searchPath = 'mine, public';
    t.equal(other.catalog.creationNamespace().name, 'mine');
  });

  t.test('deletion', async (t) => {
    const { catalog, manager } = session(store);
    const notices: Notice[] = [];
    const transaction = manager.begin(options);
    const context = { catalog, store, transaction, notice: (notice: Notice) => void notices.push(notice) };
    const [a, b, c] = [
      await createView(catalog, transaction, 'a'),
      await createView(catalog, transaction, 'b'),
      await createView(catalog, transaction, 'c'),
    ];
    await recordDependency(catalog, transaction, objectAddress('pg_class', b), objectAddress('pg_class', a), 'n');
    await recordDependency(catalog, transaction, objectAddress('pg_class', c), objectAddress('pg_class', b), 'n');
    transaction.advanceCommand();
    await t.rejects(deleteObjects(context, [objectAddress('pg_class', a)], { behavior: 'restrict' }), {
      code: '2BP01',
      message: 'cannot drop view a because other objects depend on it',
      fields: {
        detail: 'view b depends on view a\nview c depends on view b',
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      },
    });
    await deleteObjects(context, [objectAddress('pg_class', a)], { behavior: 'cascade' });
    t.match(notices, [
      {
        message: 'drop cascades to 2 other objects',
        fields: { detail: 'drop cascades to view b\ndrop cascades to view c' },
      },
    ]);
    t.equal(catalog.findRelation(null, 'c'), null);
    await t.rejects(deleteObjects(context, [objectAddress('pg_class', 1259)], { behavior: 'cascade' }), {
      message: 'cannot drop table pg_class because it is required by the database system',
    });
    manager.rollback();
  });
});

type OpenTransaction = ReturnType<TransactionManager['begin']>;

async function createSchema(catalog: Catalog, name: string, transaction: OpenTransaction): Promise<void> {
  await catalog.tables.insert(transaction, 'pg_namespace', {
    oid: catalog.tables.newOid('pg_namespace'),
    nspname: name,
    nspowner: bootstrapSuperuser,
    nspacl: null,
  });
}

/** A pg_class row alone: enough for names and dependencies. */
async function createView(catalog: Catalog, transaction: OpenTransaction, name: string): Promise<number> {
  const [model] = catalog.tables.find('pg_class', { relname: 'pg_tables' });
  const oid = catalog.tables.newOid('pg_class');
  await catalog.tables.insert(transaction, 'pg_class', {
    ...(model?.row as PgClassRow),
    oid,
    relname: name,
    relnamespace: publicNamespace,
    relnatts: 0,
  });
  return oid;
}
