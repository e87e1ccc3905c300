// Where a session's functions are: each function that runs and each piece of SQL that one of them runs stands here, so
// that messages can tell their context.
import type { ContextLine } from '../../procedural/host.js';

export class ContextStack {
  private readonly lines: ContextLine[] = [];

  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  /** Adds a line; the returned call takes it away, with what was left on top of it. */
  push(line: ContextLine): () => void {
    const at = this.lines.push(line) - 1;
    return () => {
      if (this.lines.length > at) this.lines.length = at;
    };
  }

  clear(): void {
    this.lines.length = 0;
  }

  /** All lines, the innermost first; '' where no function runs. */
  text(): string {
    return this.textBelow(this.lines.length);
  }

  /** The same without the innermost line. */
  outerText(): string {
    return this.textBelow(this.lines.length - 1);
  }

  private textBelow(count: number): string {
    return this.lines
      .slice(0, Math.max(count, 0))
      .reverse()
      .map((entry) => entry.line())
      .join('\n');
  }
}
