// Values that may still be on their way. Most statements never wait for anything; code that handles the ready case at once
// and the waiting case by a continuation spares them a turn of the microtask queue at each layer.

export type Awaitable<T> = T | Promise<T>;

/** `next` of the value: now where it is there, else once it is. */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
