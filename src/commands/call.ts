// CALL and DO. Procedures of the SQL language run their body's queries; procedural languages are not built.
import type { CallStmt, DoStmt } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { procedureRunner } from '../executor/services.js';
import { pointIntoStatement } from './function-body.js';
import { defElems, defString, nameText, qualifiedName, stringList } from './tree.js';

/** CALL. */
export async function callStatement(statement: CallStmt, context: CommandContext): Promise<CommandResult> {
  const name = qualifiedName(stringList(statement.funccall?.funcname));
  const candidates = context.catalog.functionsNamed(name.schema, name.name);
  const procedures = candidates.filter((candidate) => candidate.kind === 'p');
  if (procedures.length === 0 && candidates[0] !== undefined) {
    throw pgError(SqlState.wrongObjectType, `${nameText(name)}() is not a procedure`, {
      hint: 'To call a function, use SELECT.',
      location: statement.funccall?.location ?? 0,
    });
  }
  const language = procedures[0]?.language;
  if (language !== undefined && language !== 'sql') throw notSupported(`calling procedures in language "${language}"`);
  throw notSupported('CALL');
}

/** DO. */
export async function doStatement(statement: DoStmt, context: CommandContext): Promise<CommandResult> {
  const options = defElems(statement.args);
  const language = options.find((def) => def.defname === 'language');
  const name = language ? defString(language) : 'plpgsql';
  const row = context.catalog.tables.findOne('pg_language', { lanname: name })?.row;
  if (row === undefined) {
    throw pgError(SqlState.undefinedObject, `language "${name}" does not exist`, {
      hint: name === 'plpgsql' ? 'Use CREATE EXTENSION to load the language into the database.' : undefined,
    });
  }
  if (row.laninline === 0) {
    throw pgError(SqlState.featureNotSupported, `language "${name}" does not support inline code execution`);
  }
  const source = options.find((def) => def.defname === 'as');
  if (source === undefined) throw pgError(SqlState.syntaxError, 'no inline code specified');
  const text = defString(source);
  try {
    await context.session.service(procedureRunner).inline(text, name, !context.isTopLevel);
  } catch (error) {
    throw pointIntoStatement(context, error, text);
  }
  return { kind: 'done', tag: 'DO' };
}
