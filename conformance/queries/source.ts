// The seeded source of choices that the query generator draws from, and the names it hands out. The same seed makes the
// same queries.
import { seededRandom } from '../expressions/constants.js';

export class Source {
  private readonly next: () => number;
  private aliases = 0;

  constructor(seed: number) {
    this.next = seededRandom(seed);
    // Neighbouring seeds start alike.
    for (let skipped = 0; skipped < 5; skipped++) this.next();
  }

  /** True with probability `share`. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** An integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** `count` different members (fewer where there are fewer), in random order. */
  some<T>(list: readonly T[], count: number): T[] {
    const left = [...list];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) taken.push(...left.splice(this.below(left.length), 1));
    return taken;
  }

  /** Runs one of the weighted alternatives. */
  either<T>(alternatives: readonly (readonly [number, () => T])[]): T {
    let at = this.next() * alternatives.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of alternatives) {
      at -= weight;
      if (at < 0) return make();
    }
    const last = alternatives[alternatives.length - 1];
    if (last === undefined) throw new Error('no alternatives');
    return last[1]();
  }

  /** A name that no other relation of the query bears. */
  alias(prefix: string): string {
    this.aliases++;
    return `${prefix}${this.aliases}`;
  }
}
