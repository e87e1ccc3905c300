// Counts what a generated case compares, keeps the differences, and makes its result.
import type { CaseResult, Difference, SuiteName } from './case-result.js';

/** Enough to see what is wrong; the rest only counts. */
const differencesMax = 50;

export class Tally {
  private readonly begun = performance.now();
  private readonly differences: Difference[] = [];
  private readonly unbuilt: Difference[] = [];
  private same = 0;
  private total = 0;
  private unbuiltCount = 0;

  constructor(
    private readonly suite: SuiteName,
    private readonly name: string,
  ) {}

  /** One more part that was answered alike. */
  agreed(): void {
    this.total++;
    this.same++;
  }

  /** One more part that was not. */
  differed(difference: Difference): void {
    this.total++;
    const isUnbuilt = difference.got.some((line) => line.includes('0A000') && line.includes('not supported yet'));
    if (isUnbuilt) this.unbuiltCount++;
    const kept = isUnbuilt ? this.unbuilt : this.differences;
    if (kept.length < differencesMax) kept.push(difference);
  }

  result(): CaseResult {
    const different = this.total - this.same - this.unbuiltCount;
    const parts = [
      ...(different > 0 ? [`${different} differ`] : []),
      ...(this.unbuiltCount > 0 ? [`${this.unbuiltCount} need what is not supported yet`] : []),
    ];
    return {
      suite: this.suite,
      name: this.name,
      verdict: this.same === this.total ? 'pass' : 'fail',
      same: this.same,
      total: this.total,
      reason: parts.join(', '),
      differences: [...this.differences, ...this.unbuilt],
      seconds: (performance.now() - this.begun) / 1000,
    };
  }
}
