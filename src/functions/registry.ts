// The table of built-in functions, keyed by pg_proc.prosrc (for rows written in SQL: `name(argument types)`).
// A family's file calls `fn`, `tableFn` or `windowFn` once per symbol; nothing else is needed to add one. Arity, argument
// types, strictness, volatility and overloads come from the catalog; a sanity test demands that the entry fits its rows.
import type { CallInfo } from './call-info.js';
import type { WindowCall } from './window-call.js';
import type { Value } from '../types/value.js';

// biome-ignore lint/suspicious/noExplicitAny: entries are checked against their pg_proc rows by a test, not by tsc.
type Implementation = (...args: any[]) => any;

export interface ScalarFunction {
  readonly kind: 'scalar';
  readonly symbol: string;
  /** SQL arguments as values, then the CallInfo. Strict functions (pg_proc.proisstrict) never see null. May return a
   *  Promise only where `waits` is set. */
  readonly impl: Implementation;
  /** The function may return a Promise (locks, sleeps, runs a query): its plan is compiled in the async form. */
  readonly waits?: boolean;
  /** JavaScript source for the call, when inlining pays; arguments are non-null source expressions, evaluated once. */
  readonly inline?: (...args: string[]) => string;
}

export interface TableFunction {
  readonly kind: 'table';
  readonly symbol: string;
  /** Yields values, or PgRecord-less arrays of column values where the function has several OUT columns. May be async. */
  readonly rows: (...args: [...Parameters<Implementation>]) => Iterable<unknown> | AsyncIterable<unknown>;
}

export interface WindowFunction {
  readonly kind: 'window';
  readonly symbol: string;
  /** Computes the value for the current row of the partition; see WindowCall for what it may look at. */
  readonly impl: (call: WindowCall) => Value;
}

export type BuiltinFunction = ScalarFunction | TableFunction | WindowFunction;

const functions = new Map<string, BuiltinFunction>();

/** Registers a scalar function; aggregates' transition, final, combine and inverse functions are scalars too. */
export function fn(symbol: string, entry: Omit<ScalarFunction, 'kind' | 'symbol'>): void {
  register({ kind: 'scalar', symbol, ...entry });
}

/** Registers a set-returning function. */
export function tableFn(symbol: string, entry: Omit<TableFunction, 'kind' | 'symbol'>): void {
  register({ kind: 'table', symbol, ...entry });
}

/** Registers a window function. */
export function windowFn(symbol: string, entry: Omit<WindowFunction, 'kind' | 'symbol'>): void {
  register({ kind: 'window', symbol, ...entry });
}

/** The entry under a symbol; undefined where it is not built (calling it raises 0A000). */
export function builtinFunction(symbol: string): BuiltinFunction | undefined {
  return functions.get(symbol);
}

/** All registered symbols, for the coverage and sanity tests. */
export function builtinSymbols(): IterableIterator<string> {
  return functions.keys();
}

function register(entry: BuiltinFunction): void {
  if (functions.has(entry.symbol)) throw new Error(`function ${entry.symbol} is registered twice`);
  functions.set(entry.symbol, entry);
}

export type { CallInfo };
