// What a function learns about its call: the call site (fixed when the expression is compiled) and the running session.
import type { IoContext } from '../types/io-context.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import type { Notice } from '../errors/pg-error.js';

/** One object per call site and execution, handed to every implementation after its SQL arguments. */
export interface CallInfo {
  /** Declared types of the actual arguments (polymorphic functions look here) and of the result. */
  readonly argTypes: readonly TypeDescriptor[];
  readonly resultType: TypeDescriptor;
  /** Collation that the call derives for its inputs; 0 where none. Set on `io.collationOid` too. */
  readonly collation: number;
  /** Text and binary input/output and comparisons under this call's collation. */
  readonly io: IoContext;
  readonly session: SessionServices;
  /** Aggregate support functions only: the direct arguments and the sort order of an ordered-set aggregate. */
  readonly aggregate?: AggregateCallInfo;
  /** VARIADIC was written in the call: the last argument is an array as it stands. */
  readonly isVariadic: boolean;
  /** Column definition list of a function in FROM that returns record. */
  readonly columns?: readonly { readonly name: string; readonly type: number; readonly typmod: number }[];
  /** Scratch of this call site within one execution of the plan (compiled regexes, parsed formats): starts undefined. */
  memo: unknown;
}

export interface AggregateCallInfo {
  readonly directArgs: readonly Value[];
  readonly sortDescending: readonly boolean[];
  readonly sortNullsFirst: readonly boolean[];
  readonly compareSort: readonly ((left: Value, right: Value) => number)[];
}

/** The session behind a call. Rooms above declare what they offer with `serviceKey`; the session fills it. */
export interface SessionServices {
  service<T>(key: ServiceKey<T>): T;
  notice(notice: Notice): void;
  /** A setting's current text form, null where there is none of that name. */
  setting(name: string): string | null;
  readonly random: RandomState;
  /** Throws where the statement must end (cancel, timeouts): for loops that hold the thread. */
  checkInterrupts?(): void;
}

/** Source of random(): seeded per session, reseeded by setseed (values in [0, 1)). */
export interface RandomState {
  next(): number;
  /** 64 uniformly random bits. */
  nextBits(): bigint;
  seed(value: number): void;
}

/** A typed name under which one room offers a service to functions of another. */
export interface ServiceKey<T> {
  readonly name: string;
  readonly __type?: T;
}

export function serviceKey<T>(name: string): ServiceKey<T> {
  return Object.freeze({ name });
}
