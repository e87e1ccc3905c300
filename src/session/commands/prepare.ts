// PREPARE, EXECUTE and DEALLOCATE: the session's prepared statements from SQL.
import { batchRowsMax } from '../../base/limits.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { DeallocateStmt, ExecuteStmt, Node, PrepareStmt } from '@pgsql/types';
import type { CommandResult } from '../../commands/api.js';
import { analyzeExecuteArgument, evaluate, typeNamed } from '../corridor.js';
import type { ParameterValue } from '../parameters.js';
import { rowSource } from '../portal.js';
import { PreparedStatement } from '../prepared-statement.js';
import { openStatement } from '../run-statement.js';
import { sourceRows } from '../row-stream.js';
import type { Session } from '../session.js';

/** PREPARE name (types) AS statement. */
export function runPrepare(session: Session, statement: PrepareStmt, sourceText: string): string {
  const name = statement.name ?? '';
  if (name === '') {
    throw pgError(SqlState.invalidPstatementDefinition, 'invalid statement name: must not be empty');
  }
  if (session.statements.has(name)) {
    throw pgError(SqlState.duplicatePstatement, `prepared statement "${name}" already exists`);
  }
  const declaredTypes = (statement.argtypes ?? []).map((type) => typeOf(session, type));
  const query = statement.query;
  if (!query) throw new Error('PREPARE without a statement');
  const prepared = new PreparedStatement({
    name,
    // pg_prepared_statements shows the text as the client sent it.
    sourceText: session.queryString === '' ? sourceText : session.queryString,
    queryString: session.queryString,
    raw: { statement: query, location: 0, length: 0 },
    declaredTypes,
    fromSql: true,
    preparedAt: session.statementTimestamp,
  });
  prepared.bind(session);
  session.statements.set(name, prepared);
  return 'PREPARE';
}

function typeOf(session: Session, node: Node): number {
  return 'TypeName' in node ? typeNamed(session, node.TypeName) : 0;
}

/** EXECUTE name (arguments): runs it as if it had been written here. */
export async function runExecute(session: Session, statement: ExecuteStmt): Promise<CommandResult> {
  const prepared = session.requireStatement(statement.name ?? '');
  const parameters = await executeParameters(session, prepared, statement);
  const open = await openStatement(session, prepared, parameters);
  const source = rowSource(open);
  if (!source) return open.kind === 'command' ? open.result : { kind: 'done', tag: '' };
  if (open.kind === 'query' && open.commandType !== 'select' && source.columns.length === 0) {
    while ((await source.next(batchRowsMax)) !== null);
    await source.close();
    return { kind: 'done', tag: source.tag(0) };
  }
  return { kind: 'rows', columns: source.columns, rows: sourceRows(source), tag: (rowCount) => source.tag(rowCount) };
}

/** Evaluates EXECUTE's arguments and coerces them to the statement's parameter types. */
export async function executeParameters(
  session: Session,
  prepared: PreparedStatement,
  statement: ExecuteStmt,
): Promise<readonly ParameterValue[]> {
  const types = prepared.parameterTypes(session);
  const args = statement.params ?? [];
  if (args.length !== types.length) {
    throw pgError(SqlState.syntaxError, `wrong number of parameters for prepared statement "${prepared.name}"`, {
      detail: `Expected ${types.length} parameters but got ${args.length}.`,
    });
  }
  const values: ParameterValue[] = [];
  for (const [index, arg] of args.entries()) {
    const type = types[index] ?? 0;
    const expression = analyzeExecuteArgument(session, arg, type, index + 1);
    values.push({ type, value: await evaluate(session, expression) });
  }
  return values;
}

/** DEALLOCATE name / ALL. */
export function runDeallocate(session: Session, statement: DeallocateStmt): string {
  if (statement.isall || !statement.name) {
    session.dropNamedStatements();
    return 'DEALLOCATE ALL';
  }
  session.requireStatement(statement.name);
  session.statements.delete(statement.name);
  return 'DEALLOCATE';
}
