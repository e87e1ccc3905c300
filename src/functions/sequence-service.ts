// What the sequence functions ask of the session: shared values, its own cache, currval and lastval.
import { serviceKey } from './call-info.js';

export interface SequenceService {
  /** Throws 42809 (no sequence), 42501, 25006, 2200H (limit). */
  next(sequence: number): bigint;
  /** As `next`, whatever the user's privileges: the value of an identity column. */
  nextIdentity(sequence: number): bigint;
  /** The value this session last got; 55000 where it got none. */
  current(sequence: number): bigint;
  last(): bigint;
  /** Throws 22003 outside the sequence's bounds. */
  set(sequence: number, value: bigint, isCalled: boolean): void;
  /** Last value that was handed out to anybody, null before the first. */
  lastValueOf(sequence: number): bigint | null;
  parameters(sequence: number): {
    readonly start: bigint;
    readonly min: bigint;
    readonly max: bigint;
    readonly increment: bigint;
    readonly cycle: boolean;
    readonly cache: bigint;
    readonly type: number;
  };
}
export const sequenceService = serviceKey<SequenceService>('sequences');
