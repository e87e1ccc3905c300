// Sets up a fresh data directory: catalog rows, then the SQL steps (system views, information_schema, functions written
// in SQL) run through the corridor in template1, then the copies template0 and postgres.
import { bootstrapCatalogs, copyTemplateDatabases, isBootstrapped } from '../catalog/bootstrap.js';
import { runBootstrapSql } from '../catalog/bootstrap-sql.js';
import { commandContext, runSql } from './corridor.js';
import { parse } from '../parser/parse.js';
import type { Node } from '../trees/statement.js';
import { openInternalConnection } from './internal-connection.js';
import { loginDatabase, loginRole, sharedCatalog } from './host.js';
import { Session } from './session.js';
import type { WorkerEnvironment } from './session.js';

/** Fills the store unless it is filled; `loadParser` must have run. */
export async function initializeDatabases(environment: WorkerEnvironment): Promise<void> {
  if (isBootstrapped(environment.store)) return;
  await bootstrapCatalogs(environment.store);
  await storeDefinitions(environment);
  await copyTemplateDatabases(environment.store);
}

async function storeDefinitions(environment: WorkerEnvironment): Promise<void> {
  const catalog = sharedCatalog(environment);
  const role = catalog.tables.findOne('pg_authid', { rolname: 'postgres' })?.row;
  const database = catalog.tables.findOne('pg_database', { datname: 'template1' })?.row;
  if (!role || !database) throw new Error('the bootstrap rows hold no superuser or no template1');
  const connection = openInternalConnection(
    loginRole(catalog, role),
    loginDatabase(catalog, database),
    'standalone backend',
  );
  const session = new Session(connection, environment);
  try {
    const { corridor } = commandContext(session, '', []);
    const failures = await runBootstrapSql({
      catalog: session.catalog,
      transaction: () => session.transactions.ensure(),
      bindQuery(sql) {
        session.startStatement(sql);
        const [bound] = corridor.analyzeSql(sql, []);
        if (bound?.kind !== 'query') throw new Error('a view is no query');
        return bound.query;
      },
      bindExpression(sql, { value, target }) {
        const text = `SELECT ${sql}`;
        return corridor.analyzeExpression(
          expressionOf(text),
          {
            use: value === undefined ? 'functionDefault' : 'domainCheck',
            relation: 0,
            ...(value !== undefined && {
              valueType: { type: value, typmod: -1, collation: session.catalog.typeByOid(value).collation },
            }),
            ...(target !== undefined && {
              target: {
                type: target,
                typmod: -1,
                collation: session.catalog.typeByOid(target).collation,
                columnName: '',
              },
            }),
          },
          text,
        );
      },
      runSql: (sql) => runSql(session, sql),
    });
    // As initdb does: plans over the catalogs go by what is in them.
    await session.transactions.finishStatement();
    await runSql(session, 'ANALYZE');
    for (const { name, error } of failures) environment.log.warn({ err: error }, `${name} has no definition`);
    await session.transactions.finishStatement();
  } finally {
    await session.end();
    connection.close();
  }
}

/** The only target of a SELECT. */
function expressionOf(select: string): Node {
  const statement = parse(select).statements[0]?.statement as
    | { readonly SelectStmt?: { readonly targetList?: readonly Node[] } }
    | undefined;
  const target = statement?.SelectStmt?.targetList?.[0] as { readonly ResTarget?: { readonly val?: Node } } | undefined;
  if (target?.ResTarget?.val === undefined) throw new Error(`no expression in ${select}`);
  return target.ResTarget.val;
}
