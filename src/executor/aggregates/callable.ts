// Support functions of aggregates (transition, final, inverse) as plain callables: built-in ones directly, others through
// the SQL function runner or the procedural languages.
import { notSupported } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import type { Value } from '../../types/value.js';
import { scalarImplementation } from '../expressions/calls.js';
import type { CompileUnit } from '../expressions/unit.js';
import { procedureRunner } from '../services.js';
import { callSqlFunction } from '../sql-function.js';
import type { RunState } from '../state.js';

export interface SupportFunction {
  readonly isStrict: boolean;
  /** May return a Promise. */
  readonly waits: boolean;
  /** pg_proc.prosrc, '' for functions that are not built in. */
  readonly symbol: string;
  call(x: RunState, info: CallInfo, args: readonly Value[]): Value | Promise<Value>;
}

/** The function under an oid; null for oid 0. */
export function supportFunction(
  unit: CompileUnit,
  oid: number,
  types: { readonly argTypes: readonly number[]; readonly resultType: number; readonly collation: number },
): SupportFunction | null {
  if (oid === 0) return null;
  const descriptor = unit.catalog.requireFunction(oid);
  const { isStrict } = descriptor;
  const entry = scalarImplementation(descriptor, unit);
  if (entry !== null) {
    const { impl } = entry;
    return {
      isStrict,
      waits: entry.waits === true,
      symbol: entry.symbol,
      call: (_, info, args) => impl(...args, info) as Value,
    };
  }
  if (descriptor.language === 'internal' || descriptor.language === 'c') {
    const fail = (): never => {
      throw notSupported(`function ${descriptor.name}`);
    };
    return { isStrict, waits: false, symbol: descriptor.source, call: fail };
  }
  const site = { descriptor, ...types };
  const call =
    descriptor.language === 'sql'
      ? (x: RunState, _: CallInfo, args: readonly Value[]) => callSqlFunction(x, site, args)
      : (x: RunState, _: CallInfo, args: readonly Value[]) =>
          x.context.session.service(procedureRunner).call(site, args, x.context);
  return { isStrict, waits: true, symbol: '', call };
}
