// CREATE ... (name = value, ...): the DEFINE form shared by aggregates, operators, collations, base types and text search
// objects. Sends each kind to its file.
import type { DefineStmt } from '@pgsql/types';
import { notSupported } from '../errors/pg-error.js';
import { createAggregate } from './aggregate.js';
import type { CommandContext, CommandResult } from './api.js';
import { createCollation } from './collation.js';
import { createOperator } from './operator.js';

/** CREATE AGGREGATE / OPERATOR / COLLATION / TYPE / TEXT SEARCH. */
export async function defineStatement(statement: DefineStmt, context: CommandContext): Promise<CommandResult> {
  switch (statement.kind) {
    case 'OBJECT_AGGREGATE':
      await createAggregate(statement, context);
      return { kind: 'done', tag: 'CREATE AGGREGATE' };
    case 'OBJECT_OPERATOR':
      await createOperator(statement, context);
      return { kind: 'done', tag: 'CREATE OPERATOR' };
    case 'OBJECT_COLLATION':
      await createCollation(statement, context);
      return { kind: 'done', tag: 'CREATE COLLATION' };
    case 'OBJECT_TYPE':
      throw notSupported('CREATE TYPE of a base type');
    default:
      throw notSupported(
        `CREATE ${(statement.kind ?? '').replace('OBJECT_TS', 'TEXT SEARCH ').replace('OBJECT_', '')}`,
      );
  }
}
