// SET CONSTRAINTS: when the transaction's deferrable constraints are checked. Setting one IMMEDIATE runs its waiting checks.
import type { ConstraintsSetStmt, RangeVar } from '@pgsql/types';
import { SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import { setConstraintMode } from '../../executor/services.js';
import type { Session } from '../session.js';

/** Throws 42704 and 42809 for names that are no deferrable constraints; 23503 and 23505 from checks that waited. */
export async function runSetConstraints(session: Session, statement: ConstraintsSetStmt): Promise<string> {
  const transaction = session.transactions.ensure();
  if (!session.transactions.isInAnyBlock && session.procedural.context.isEmpty) {
    session.notice({
      severity: 'WARNING',
      code: SqlState.noActiveSqlTransaction,
      message: 'SET CONSTRAINTS can only be used in transaction blocks',
      fields: {},
    });
  }
  const names = statement.constraints ?? [];
  const deferred = statement.deferred ?? false;
  const oids = names.flatMap((node) => {
    if (!('RangeVar' in node)) throw notSupported('this constraint name');
    return constraintsNamed(session, node.RangeVar);
  });
  await setConstraintMode(transaction, names.length === 0 ? 'all' : oids, deferred);
  return 'SET CONSTRAINTS';
}

/** Constraints of that name in the first schema (of the path, or the one given) that has any. */
function constraintsNamed(session: Session, name: RangeVar): number[] {
  const { catalog } = session;
  const conname = name.relname ?? '';
  const schemas = name.schemaname === undefined ? catalog.searchPath() : [requireSchema(session, name.schemaname)];
  for (const schema of schemas) {
    const found = catalog.tables.find('pg_constraint', { conname, connamespace: schema });
    if (found.length === 0) continue;
    if (found.some(({ row }) => !row.condeferrable)) {
      throw pgError(SqlState.wrongObjectType, `constraint "${conname}" is not deferrable`);
    }
    return found.map(({ row }) => row.oid);
  }
  throw pgError(SqlState.undefinedObject, `constraint "${conname}" does not exist`);
}

function requireSchema(session: Session, name: string): number {
  const namespace = session.catalog.findNamespace(name);
  if (namespace === null) throw pgError(SqlState.invalidSchemaName, `schema "${name}" does not exist`);
  return namespace.oid;
}
