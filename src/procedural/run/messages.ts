// RAISE and ASSERT.
import { pgError, type PgError, SqlState } from '../../errors/pg-error.js';
import { conditionCodes } from '../conditions.js';
import type { AssertStatement, RaiseStatement } from '../tree.js';
import type { CompiledFunction } from './compiled-function.js';
import { evaluateCondition, SqlExpression } from './expression.js';
import { type FunctionFrame, next, type Step } from './frame.js';

type Fields = PgError['fields'];
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const fieldNames = {
  detail: 'detail',
  hint: 'hint',
  column: 'column',
  constraint: 'constraint',
  datatype: 'datatype',
  table: 'table',
  schema: 'schema',
} as const;

export function compileRaise(fn: CompiledFunction, statement: RaiseStatement): Step {
  const parameters = statement.parameters.map((sql) => new SqlExpression(fn, sql));
  const options = statement.options.map(({ option, value }) => ({ option, value: new SqlExpression(fn, value) }));
  const isBare = statement.condition === null && statement.message === null && options.length === 0;
  return async (frame) => {
    if (isBare) throw reraised(frame);
    let message: string | null = null;
    let code: string | null = null;
    let fallback: string | null = null;
    if (statement.condition !== null) {
      code = conditionCode(statement.condition);
      fallback = statement.condition;
    }
    if (statement.message !== null) message = await format(frame, statement.message, parameters);
    const fields: Mutable<Fields> = {};
    const seen = new Set<string>();
    for (const { option, value } of options) {
      const text = await evaluateText(frame, value);
      if (text === null) throw pgError(SqlState.nullValueNotAllowed, 'RAISE statement option cannot be null');
      const taken = option === 'errcode' ? code !== null : option === 'message' ? message !== null : seen.has(option);
      if (taken || seen.has(option))
        throw pgError(SqlState.syntaxError, `RAISE option already specified: ${option.toUpperCase()}`);
      seen.add(option);
      if (option === 'errcode') {
        code = conditionCode(text);
        fallback ??= text;
      } else if (option === 'message') message = text;
      else fields[fieldNames[option]] = text;
    }
    return say(frame, statement, { message: message ?? fallback, code, fields });
  };
}

interface Raised {
  readonly message: string | null;
  readonly code: string | null;
  readonly fields: Fields;
}

function say(frame: FunctionFrame, { level }: RaiseStatement, { message, code, fields }: Raised): typeof next {
  const { host } = frame.fn;
  const defaults = { EXCEPTION: SqlState.raiseException, WARNING: SqlState.warning } as Record<string, SqlState>;
  const state = (code ?? defaults[level] ?? SqlState.successfulCompletion) as SqlState;
  const text = message ?? state;
  if (level === 'EXCEPTION') throw pgError(state, text, fields);
  host.notice({ severity: level, code: state, message: text, fields: { ...fields, where: host.context() } });
  return next;
}

function reraised(frame: FunctionFrame): PgError {
  if (frame.error !== null) return frame.error;
  return pgError(
    SqlState.stackedDiagnosticsAccessedWithoutActiveHandler,
    'RAISE without parameters cannot be used outside an exception handler',
  );
}

/** A SQLSTATE or the (first) one of a condition name. Throws 42704. */
function conditionCode(name: string): string {
  if (/^[0-9A-Z]{5}$/.test(name)) return name;
  const [code] = conditionCodes(name) ?? [];
  if (code === undefined) throw pgError(SqlState.undefinedObject, `unrecognized exception condition "${name}"`);
  return code;
}

async function format(frame: FunctionFrame, message: string, parameters: readonly SqlExpression[]): Promise<string> {
  let text = '';
  let used = 0;
  for (let at = 0; at < message.length; at++) {
    const character = message[at] ?? '';
    if (character !== '%') text += character;
    else if (message[at + 1] === '%') {
      text += '%';
      at += 1;
    } else {
      const parameter = parameters[used];
      used += 1;
      if (parameter === undefined) throw pgError(SqlState.syntaxError, 'too few parameters specified for RAISE');
      text += (await evaluateText(frame, parameter)) ?? '<NULL>';
    }
  }
  return text;
}

/** The value's text form; null for NULL. */
export async function evaluateText(frame: FunctionFrame, expression: SqlExpression): Promise<string | null> {
  const value = await expression.evaluate(frame);
  if (value === null) return null;
  const { catalog, io } = frame.fn.host;
  const type = catalog.typeByOid(expression.type);
  return type.behaviour.output(value, type, io);
}

export function compileAssert(fn: CompiledFunction, statement: AssertStatement): Step {
  const condition = new SqlExpression(fn, statement.condition);
  const message = statement.message === null ? null : new SqlExpression(fn, statement.message);
  return async (frame) => {
    if (fn.host.setting('plpgsql.check_asserts') === 'off') return next;
    if (await evaluateCondition(frame, condition)) return next;
    const text = message === null ? null : await evaluateText(frame, message);
    throw pgError(SqlState.assertFailure, text ?? 'assertion failed');
  };
}
