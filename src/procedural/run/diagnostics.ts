// GET DIAGNOSTICS and GET STACKED DIAGNOSTICS.
import { type PgError, pgError, SqlState } from '../../errors/pg-error.js';
import type { DiagnosticsStatement } from '../tree.js';
import type { Value } from '../../types/value.js';
import { assign } from './assign.js';
import type { CompiledFunction } from './compiled-function.js';
import { type FunctionFrame, next, type Step } from './frame.js';

const int8Type = 20;
const textType = 25;
const oidType = 26;

const stackedItems: Readonly<Record<string, (error: PgError) => string | undefined>> = {
  pg_exception_context: ({ fields }) => fields.where,
  pg_exception_detail: ({ fields }) => fields.detail,
  pg_exception_hint: ({ fields }) => fields.hint,
  returned_sqlstate: ({ code }) => code,
  column_name: ({ fields }) => fields.column,
  constraint_name: ({ fields }) => fields.constraint,
  pg_datatype_name: ({ fields }) => fields.datatype,
  message_text: ({ message }) => message,
  table_name: ({ fields }) => fields.table,
  schema_name: ({ fields }) => fields.schema,
};

export function compileDiagnostics(fn: CompiledFunction, { stacked, items }: DiagnosticsStatement): Step {
  return async (frame) => {
    for (const { item, target } of items) {
      const [value, type] = stacked ? stackedItem(frame, item) : currentItem(fn, frame, item);
      await assign(frame, target, value, { type, typmod: -1 });
    }
    return next;
  };
}

function stackedItem({ error }: FunctionFrame, item: string): readonly [Value, number] {
  if (error === null) {
    throw pgError(
      SqlState.stackedDiagnosticsAccessedWithoutActiveHandler,
      'GET STACKED DIAGNOSTICS cannot be used outside an exception handler',
    );
  }
  return [stackedItems[item]?.(error) ?? '', textType];
}

function currentItem(fn: CompiledFunction, frame: FunctionFrame, item: string): readonly [Value, number] {
  if (item === 'row_count') return [BigInt(frame.rowCount), int8Type];
  if (item === 'pg_routine_oid') return [fn.oid, oidType];
  return [fn.host.context(), textType];
}
