// CALL and DO. Procedures of the SQL language run their body's queries; procedural languages have a runner of their own.
import type { DoStmt } from '@pgsql/types';
import type { Catalog } from '../catalog/api.js';
import { requireExecute } from '../catalog/function-privileges.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { ExecutionContext, ResultColumn } from '../executor/api.js';
import { evaluateExpression } from '../executor/evaluate.js';
import { CompileUnit } from '../executor/expressions/unit.js';
import { type FunctionCallSite, procedureRunner } from '../executor/services.js';
import { baseType } from '../executor/operators.js';
import { callSqlFunction } from '../executor/sql-function.js';
import { RunState } from '../executor/state.js';
import { expressionType } from '../trees/expression-type.js';
import type { BoundCall } from '../trees/statement.js';
import { PgRecord, type Value } from '../types/value.js';
import type { CommandContext, CommandResult } from './api.js';
import { pointIntoStatement } from './function-body.js';
import { defElems, defString } from './tree.js';

/** CALL: a row of its output arguments, where the procedure has any. Throws 42501. */
export async function callStatement(call: BoundCall, context: CommandContext): Promise<CommandResult> {
  const descriptor = context.catalog.requireFunction(call.function);
  requireExecute(context.catalog, descriptor, context.userId);
  const site: FunctionCallSite = {
    descriptor,
    argTypes: call.args.map(expressionType),
    resultType: call.resultType,
    collation: call.collation,
  };
  const running = Object.create(context.corridor.executionContext(), {
    parameters: { value: context.parameters },
  }) as ExecutionContext;
  const args: Value[] = [];
  for (const arg of call.args) args.push(await evaluateExpression(arg, running));
  const result = await runProcedure(site, args, running, context);
  if (call.outputs.length === 0) return { kind: 'done', tag: 'CALL' };
  const row = outputsOf(result, call, context.catalog, descriptor.language);
  const rows = (async function* () {
    yield [row];
  })();
  return { kind: 'rows', columns: callColumns(context.catalog, call), rows, tag: () => 'CALL' };
}

/** The values of the output arguments. A SQL procedure's only one that is composite is the row itself. */
function outputsOf(result: Value, call: BoundCall, catalog: Catalog, language: string): readonly Value[] {
  if (!(result instanceof PgRecord)) return call.outputs.map(() => null);
  const [only, ...others] = call.outputs;
  const isRow = language === 'sql' && others.length === 0 && only !== undefined && isRowType(catalog, only.type);
  return isRow ? [result] : result.values;
}

function isRowType(catalog: Catalog, type: number): boolean {
  return baseType(catalog, type).kind === 'c';
}

/** What a CALL answers with. */
export function callColumns(catalog: Catalog, call: BoundCall): readonly ResultColumn[] {
  const descriptor = catalog.requireFunction(call.function);
  const { argModes, allArgTypes } = descriptor;
  const types = (allArgTypes ?? []).filter((_, index) => argModes?.[index] === 'o' || argModes?.[index] === 'b');
  return call.outputs.map(({ name, type }, index) => {
    const declared = catalog.typeByOid(types[index] ?? type);
    const shown = declared.kind === 'p' && declared.oid !== 2249 ? catalog.typeByOid(type) : declared;
    return { name, type: shown, typmod: -1, originTable: 0, originColumn: 0 };
  });
}

function runProcedure(
  site: FunctionCallSite,
  args: readonly Value[],
  running: ExecutionContext,
  context: CommandContext,
): Promise<Value> {
  const { language } = site.descriptor;
  if (language === 'sql') {
    const x = new RunState(new CompileUnit(context.catalog, context.catalog.version(), []), running, null);
    return callSqlFunction(x, site, args);
  }
  return context.session.service(procedureRunner).procedure(site, args, running, context.isAtomic);
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
    await context.session.service(procedureRunner).inline(text, name, context.isAtomic);
  } catch (error) {
    throw pointIntoStatement(context, error, text);
  }
  return { kind: 'done', tag: 'DO' };
}
