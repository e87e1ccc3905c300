// ALTER FUNCTION / PROCEDURE / ROUTINE ... actions.
import type { AlterFunctionStmt, ObjectType } from '@pgsql/types';
import type { PgProcRow } from '../catalog/generated/rows.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { lookupFunction } from './function-lookup.js';
import { parallelLetter, positive, supportFunction, volatilityLetter } from './function-options.js';
import { objectWords } from './object-words.js';
import { requireOwner } from './permissions.js';
import { changeFunctionConfig } from './role-settings.js';
import { conflictingOptions, defBoolean, defElems, nodeOf } from './tree.js';

/** ALTER FUNCTION. */
export async function alterFunctionStatement(
  statement: AlterFunctionStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const type = statement.objtype as ObjectType;
  const oid = lookupFunction(context, statement.func ?? {}, type);
  const entry = context.catalog.tables.findOne('pg_proc', { oid });
  if (entry === null) throw new Error('invariant broken: function without a row');
  requireOwner(context, entry.row.proowner, entry.row.prokind === 'p' ? 'procedure' : 'function', entry.row.proname);
  if (entry.row.prokind === 'a') {
    throw pgError(SqlState.wrongObjectType, `"${entry.row.proname}" is an aggregate function`);
  }
  await context.catalog.tables.update(context.transaction, 'pg_proc', entry, changesOf(statement, context, entry.row));
  return { kind: 'done', tag: `ALTER ${objectWords(type)}` };
}

function changesOf(statement: AlterFunctionStmt, context: CommandContext, row: PgProcRow): Partial<PgProcRow> {
  const changes: { -readonly [K in keyof PgProcRow]?: PgProcRow[K] } = {};
  const seen = new Set<string>();
  for (const def of defElems(statement.actions)) {
    const name = def.defname ?? '';
    if (name !== 'set' && seen.has(name)) conflictingOptions(def);
    seen.add(name);
    if (name === 'set') {
      const config = changes.proconfig === undefined ? row.proconfig : changes.proconfig;
      changes.proconfig = changeFunctionConfig(context, config, nodeOf(def.arg, 'VariableSetStmt'));
    } else if (name === 'volatility') changes.provolatile = volatilityLetter(def);
    else if (name === 'strict') changes.proisstrict = defBoolean(def);
    else if (name === 'security') changes.prosecdef = defBoolean(def);
    else if (name === 'leakproof') changes.proleakproof = leakproof(context, defBoolean(def));
    else if (name === 'cost') changes.procost = positive(def, 'COST') ?? row.procost;
    else if (name === 'rows') changes.prorows = rowsOf(row, positive(def, 'ROWS'));
    else if (name === 'parallel') changes.proparallel = parallelLetter(def);
    else if (name === 'support') changes.prosupport = supportFunction(context, def);
  }
  return changes;
}

function leakproof(context: CommandContext, wanted: boolean): boolean {
  if (wanted && !context.isSuperuser)
    throw pgError(SqlState.insufficientPrivilege, 'only superuser can define a leakproof function');
  return wanted;
}

function rowsOf(row: PgProcRow, rows: number | null): number {
  if (!row.proretset)
    throw pgError(SqlState.invalidParameterValue, 'ROWS is not applicable when function does not return a set');
  return rows ?? row.prorows;
}
