// Bodies of SQL and PL/pgSQL functions at creation: BEGIN ATOMIC and RETURN bodies are bound for good; string bodies are
// bound once to find errors early.
import type { Node } from '@pgsql/types';
import type { PgLanguageRow } from '../catalog/generated/rows.js';
import { notSupported, PgError, pgError, SqlState } from '../errors/pg-error.js';
import { expressionType, outputList } from '../trees/expression-type.js';
import type { Query } from '../trees/query.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { CommandContext, FunctionScope } from './api.js';
import { TypeOid } from './classes.js';
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

/** Binds BEGIN ATOMIC ... END or RETURN expression. */
export function bindSqlBody(context: CommandContext, body: Node, about: BodyContext): Query[] {
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
  if (about.language.lanname === 'plpgsql') {
    context.corridor.checkPlpgsql(context.sourceText);
    return;
  }
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
  const mismatch = (detail: string): Error =>
    pgError(
      SqlState.invalidFunctionDefinition,
      `return type mismatch in function declared to return ${formatType(context, type)}`,
      { detail },
    );
  const columns = last === null ? [] : outputList(last).filter((entry) => !entry.junk);
  const returns = last !== null && (last.commandType === 'select' || last.returningList.length > 0);
  if (!returns) throw mismatch("Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING.");
  const result = context.catalog.typeByOid(type);
  if (type === TypeOid.record) return;
  const types = columns.map(({ expr }) => expressionType(expr));
  if (result.kind === 'c') {
    if (types.length !== 1 || types[0] !== type) checkResultColumns(context, types, result, mismatch);
    return;
  }
  const [only] = columns;
  if (columns.length !== 1 || only === undefined) throw mismatch('Final statement must return exactly one column.');
  const actual = expressionType(only.expr);
  if (actual === type || isCoercible(context, actual, type)) return;
  throw mismatch(`Actual return type is ${formatType(context, actual)}.`);
}

/** A composite result: column by column. */
function checkResultColumns(
  context: CommandContext,
  types: readonly number[],
  result: TypeDescriptor,
  mismatch: (detail: string) => Error,
): void {
  const wanted = result.attributes.map((attribute) => attribute.type);
  for (const [index, actual] of types.entries()) {
    const type = wanted[index];
    if (type === undefined) throw mismatch('Final statement returns too many columns.');
    if (actual === type || isCoercible(context, actual, type)) continue;
    const text = `${formatType(context, actual)} instead of ${formatType(context, type)}`;
    throw mismatch(`Final statement returns ${text} at column ${index + 1}.`);
  }
  if (types.length < wanted.length) throw mismatch('Final statement returns too few columns.');
}

function isCoercible(context: CommandContext, source: number, target: number): boolean {
  const wanted = context.catalog.typeByOid(target);
  if (wanted.kind === 'd') return source === wanted.baseType || isCoercible(context, source, wanted.baseType);
  if (source === TypeOid.unknown || wanted.category === 'S') return true;
  const from = context.catalog.typeByOid(source);
  if (from.kind === 'd') return from.baseType === target || isCoercible(context, from.baseType, target);
  if (from.element !== 0 && wanted.element !== 0 && from.category === 'A')
    return isCoercible(context, from.element, wanted.element);
  const cast = context.catalog.cast(source, target);
  return cast !== null && cast.context !== 'e';
}
