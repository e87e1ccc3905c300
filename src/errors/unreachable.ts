// Broken invariants: bugs of ours, never a user's doing. They surface as XX000 and are logged with a stack.

/** For the default branch of an exhaustive switch: the compiler proves that it is never reached. */
export function unreachable(value: never, what = 'value'): never {
  throw new Error(`unexpected ${what}: ${describe(value)}`);
}

/** Throws unless `condition` holds; `message` says which invariant broke. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** `value`, known to be there by an invariant that the compiler can't see; `what` names it. */
export function defined<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`invariant broken: ${what} is missing`);
  return value;
}

function describe(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value).slice(0, 200) : String(value);
}
