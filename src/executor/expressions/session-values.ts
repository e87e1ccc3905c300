// Values that come from the session: CURRENT_DATE and its kin, identity columns' next value, WHERE CURRENT OF.
import { SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import { builtinFunction } from '../../functions/registry.js';
import { sequenceService } from '../../functions/sequence-service.js';
import type { CurrentOfExpr, NextValueExpr, SqlValueFunction } from '../../trees/expression.js';
import type { Value } from '../../types/value.js';
import { cursorPositions } from '../services.js';
import type { RunState } from '../state.js';
import { callInfo } from './calls.js';
import type { Emitter, Operand } from './emitter.js';

const timestamptz = 1184;

/** Symbols that derive each clock value from the transaction's start, then the one that applies a precision. */
const clockSteps: Partial<Record<SqlValueFunction['op'], { readonly from: string; readonly scale: string }>> = {
  current_date: { from: 'timestamptz_date', scale: '' },
  current_time: { from: 'timestamptz_timetz', scale: 'timetz_scale' },
  current_timestamp: { from: '', scale: 'timestamptz_scale' },
  localtime: { from: 'timestamptz_time', scale: 'time_scale' },
  localtimestamp: { from: 'timestamptz_timestamp', scale: 'timestamp_scale' },
};

export function emitSqlValueFunction(expr: SqlValueFunction, m: Emitter): Operand {
  const steps = clockSteps[expr.op];
  if (steps !== undefined) return emitClock(expr, steps, m);
  switch (expr.op) {
    case 'current_role':
    case 'current_user':
    case 'user':
      return { code: m.assign(`${m.slot(currentUser)}(x)`), nullable: false };
    case 'current_catalog':
      return { code: m.assign('x.context.catalog.databaseName'), nullable: false };
    default:
      return emitNoArgs(expr.op, expr.type, m);
  }
}

function emitClock(expr: SqlValueFunction, steps: { from: string; scale: string }, m: Emitter): Operand {
  const info = callInfo({ argTypes: [timestamptz, 23], resultType: expr.type, collation: 0, isVariadic: false }, m);
  let value = m.assign('x.io.transactionTimestamp');
  if (steps.from !== '') value = m.assign(`${m.slot(symbol(steps.from))}(${value}, ${info})`);
  if (expr.typmod >= 0 && steps.scale !== '') {
    value = m.assign(`${m.slot(symbol(steps.scale))}(${value}, ${m.slot(expr.typmod)}, ${info})`);
  }
  return { code: value, nullable: false };
}

function emitNoArgs(name: string, type: number, m: Emitter): Operand {
  const info = callInfo({ argTypes: [], resultType: type, collation: 0, isVariadic: false }, m);
  return { code: m.assign(`${m.slot(symbol(name))}(${info})`), nullable: true };
}

function symbol(name: string): (...args: unknown[]) => unknown {
  const entry = builtinFunction(name);
  if (entry?.kind === 'scalar') return entry.impl;
  return () => {
    throw notSupported(name);
  };
}

function currentUser(x: RunState): Value {
  return x.io.names.roleName(x.context.userId);
}

export function emitNextValue(expr: NextValueExpr, m: Emitter): Operand {
  const result = m.assign(`${m.slot(nextIdentity)}(${m.slot(expr.sequence)}, x)`);
  m.settle(result);
  const range = identityRanges[expr.type];
  if (range === undefined) return { code: result, nullable: false };
  const narrow = (value: bigint): number => {
    if (value > range.max || value < range.min) {
      throw pgError(SqlState.numericValueOutOfRange, `${range.name} out of range`);
    }
    return Number(value);
  };
  return { code: m.assign(`${m.slot(narrow)}(${result})`), nullable: false };
}

function nextIdentity(sequence: number, x: RunState): bigint {
  return x.context.session.service(sequenceService).nextIdentity(sequence);
}

const identityRanges: Readonly<Record<number, { readonly name: string; readonly min: bigint; readonly max: bigint }>> =
  {
    21: { name: 'smallint', min: -32768n, max: 32767n },
    23: { name: 'integer', min: -2147483648n, max: 2147483647n },
  };

/** As a filter: true for the row under the cursor. Plans reach it by TidScan, which asks for the rowid itself. */
export function emitCurrentOf(expr: CurrentOfExpr, m: Emitter): Operand {
  const entry = m.unit.rangeTable[expr.varno - 1];
  const base = m.sources.systemColumnBase;
  if (entry?.kind !== 'relation' || base === undefined) throw notSupported('WHERE CURRENT OF on this relation');
  const relation = m.catalog.requireRelation(entry.relation);
  const isCurrent = (x: RunState, rowid: Value): boolean =>
    x.context.session.service(cursorPositions).currentRow(cursorNameOf(x, expr), relation) === rowid;
  return { code: m.assign(`${m.slot(isCurrent)}(x, s[${base}])`), nullable: false };
}

/** The cursor of a WHERE CURRENT OF. Throws 22004 where a variable that should name it is null. */
export function cursorNameOf(x: RunState, { cursorName, cursorParam }: CurrentOfExpr): string {
  if (cursorParam === undefined) return cursorName;
  const name = x.v[cursorParam - 1] ?? null;
  if (name === null) throw pgError(SqlState.nullValueNotAllowed, `cursor variable "${cursorName}" is null`);
  return name as string;
}
