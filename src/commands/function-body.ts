// Bodies of SQL and PL/pgSQL functions at creation: BEGIN ATOMIC and RETURN bodies are bound for good; string bodies are
// bound once to find errors early.
import type { Node } from '@pgsql/types';
import type { PgLanguageRow } from '../catalog/generated/rows.js';
import { notSupported, PgError, pgError, SqlState } from '../errors/pg-error.js';
import type { Query } from '../trees/query.js';
import type { CommandContext, FunctionScope } from './api.js';
import { TypeOid } from './classes.js';
import { procedureRunner } from '../executor/services.js';
import { formatType } from './column-type.js';
import type { FunctionParameters, FunctionResult } from './function.js';
import { listItems } from './tree.js';

interface BodyContext {
  readonly language: PgLanguageRow;
  readonly parameters: FunctionParameters;
  readonly result: FunctionResult;
  readonly name: string;
}

const polymorphicTypes: readonly number[] = [2277, 2283, 2776, 3500, 3831, 4537, 4538, 5077, 5078, 5079, 5080];

function scopeOf(about: BodyContext): FunctionScope {
  return { name: about.name, argNames: about.parameters.inputNames, argTypes: about.parameters.inputTypes };
}

function isPolymorphic(about: BodyContext): boolean {
  return [...about.parameters.inputTypes, about.result.type].some((type) => polymorphicTypes.includes(type));
}

/** Binds BEGIN ATOMIC ... END or RETURN expression; its relations are locked. */
export async function bindSqlBody(context: CommandContext, body: Node, about: BodyContext): Promise<Query[]> {
  for (;;) {
    const queries = bindStatements(context, body, about);
    let isMoved = false;
    for (const query of queries) if (await context.corridor.lock(query)) isMoved = true;
    if (!isMoved) return queries;
  }
}

function bindStatements(context: CommandContext, body: Node, about: BodyContext): Query[] {
  if (isPolymorphic(about)) {
    throw pgError(
      SqlState.invalidFunctionDefinition,
      'SQL function with unquoted function body cannot have polymorphic arguments',
    );
  }
  const statements = statementsOf(body);
  const queries = statements.map((statement) => {
    const bound = context.corridor.analyzeInFunction(asSelect(statement), context.sourceText, scopeOf(about));
    if (bound.kind !== 'query') throw notSupported(`a utility statement in an unquoted function body`);
    return bound.query;
  });
  try {
    checkResult(context, queries.at(-1) ?? null, about);
  } catch (error) {
    throw inFunction(context, error, '', about.name);
  }
  return queries;
}

/** True where the body is RETURN expression. */
export function isReturnBody(body: Node): boolean {
  return 'ReturnStmt' in body;
}

function statementsOf(body: Node): readonly Node[] {
  if ('ReturnStmt' in body) return [body];
  // The grammar wraps the statements of BEGIN ATOMIC in a list of one list.
  return listItems(body).flatMap((item) => ('List' in item ? (item.List.items ?? []) : [item]));
}

/** RETURN x is SELECT x. */
function asSelect(statement: Node): Node {
  if (!('ReturnStmt' in statement)) return statement;
  const val = statement.ReturnStmt.returnval;
  return {
    SelectStmt: {
      targetList: [{ ResTarget: { ...(val ? { val } : {}), location: -1 } }],
      limitOption: 'LIMIT_OPTION_DEFAULT',
      op: 'SETOP_NONE',
    },
  };
}

/** Checks a string body where the language lets us. */
export async function checkBody(context: CommandContext, source: string, about: BodyContext): Promise<void> {
  if (about.language.lanname !== 'sql') return;
  const statements = parseBody(context, source, about);
  if (isPolymorphic(about)) return;
  try {
    let last: Query | null = null;
    for (const statement of statements) {
      const bound = context.corridor.analyzeInFunction(asSelect(statement), source, scopeOf(about));
      last = bound.kind === 'query' ? bound.query : null;
    }
    checkResult(context, last, about);
  } catch (error) {
    throw inFunction(context, error, source, about.name);
  }
}

function parseBody(context: CommandContext, source: string, about: BodyContext): readonly Node[] {
  try {
    return context.corridor.parseSql(source);
  } catch (error) {
    throw inFunction(context, error, source, about.name);
  }
}

/** What a procedural language checks of a function once it is stored. Throws what its parse throws. */
export function validateFunction(context: CommandContext, oid: number, source: string): void {
  const checksBody = context.session.setting('check_function_bodies') !== 'off';
  try {
    const fn = context.catalog.requireFunction(oid);
    for (const notice of context.session.service(procedureRunner).validate(fn, checksBody)) {
      const { fields } = pointIntoStatement(context, pgError(notice.code, '', notice.fields), source) as PgError;
      context.notice({ ...notice, fields });
    }
  } catch (error) {
    throw pointIntoStatement(context, error, source);
  }
}

/** An error with a place in a body points into the statement that holds the body. */
export function pointIntoStatement(context: CommandContext, error: unknown, source: string): unknown {
  if (!(error instanceof PgError) || error.fields.position === undefined) return error;
  return inFunction(context, error, source, '');
}

/** An error that points into the body points into the CREATE statement instead; others name the function. */
function inFunction(context: CommandContext, error: unknown, source: string, name: string): unknown {
  if (!(error instanceof PgError)) return error;
  const { location, position, ...fields } = error.fields;
  const offset =
    location ?? (position === undefined ? undefined : Buffer.byteLength([...source].slice(0, position - 1).join('')));
  const start = offset === undefined ? -1 : placeInStatement(context.sourceText, source, offset);
  if (start >= 0) {
    error.fields = { ...fields, location: start };
  } else if (offset !== undefined) {
    error.fields = { ...fields, internalPosition: offset + 1, internalQuery: source };
  } else error.fields = { ...fields, where: `SQL function "${name}"` };
  return error;
}

/** Byte offset in the CREATE statement of a byte of the body: as it stands between dollars, or with its quotes doubled. */
function placeInStatement(statement: string, source: string, offset: number): number {
  const before = Buffer.from(source).subarray(0, offset).toString();
  const plain = statement.indexOf(source);
  if (plain >= 0) return Buffer.byteLength(statement.slice(0, plain)) + offset;
  const double = (text: string): string => text.replaceAll("'", "''");
  const quoted = statement.indexOf(`'${double(source)}'`);
  return quoted < 0 ? -1 : Buffer.byteLength(statement.slice(0, quoted + 1)) + Buffer.byteLength(double(before));
}

/** The last statement must give what the function returns. */
function checkResult(context: CommandContext, last: Query | null, about: BodyContext): void {
  const { type } = about.result;
  if (type === TypeOid.void) return;
  const returns = last !== null && (last.commandType === 'select' || last.returningList.length > 0);
  if (!returns) {
    throw pgError(
      SqlState.invalidFunctionDefinition,
      `return type mismatch in function declared to return ${formatType(context, type)}`,
      { detail: "Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING." },
    );
  }
  const outColumns = about.parameters.outputTypes.map((column) => ({ type: column, typmod: -1 }));
  context.corridor.fitFunctionResult(last, { type, outColumns });
}
