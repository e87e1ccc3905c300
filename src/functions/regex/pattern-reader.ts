// The pattern text as a stream of characters; in expanded syntax white space and comments are passed over.

export class PatternReader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly expanded: boolean,
  ) {
    this.skipIgnored();
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  sees(part: string): boolean {
    return this.text.startsWith(part, this.at);
  }

  /** Takes `part` if it comes next. */
  take(part: string): boolean {
    if (!this.sees(part)) return false;
    this.at += part.length;
    // After a backslash the next character counts, even a blank.
    if (part !== '\\') this.skipIgnored();
    return true;
  }

  peek(): string {
    return this.text[this.at] ?? '';
  }

  /** The next character's code point. */
  next(): number {
    const code = this.text.codePointAt(this.at) ?? 0;
    this.at += code > 0xffff ? 2 : 1;
    this.skipIgnored();
    return code;
  }

  /** As `next`, without passing over anything behind it: inside brackets and escapes. */
  nextRaw(): number {
    const code = this.text.codePointAt(this.at) ?? 0;
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }

  takeRaw(part: string): boolean {
    if (!this.sees(part)) return false;
    this.at += part.length;
    return true;
  }

  rest(): string {
    return this.text.slice(this.at);
  }

  skip(length: number): void {
    this.at += length;
    this.skipIgnored();
  }

  /** Passes over white space and comments (expanded syntax), and over (?#...) in any. */
  skipIgnored(): void {
    for (;;) {
      const ignored = this.expanded
        ? /^(?:\s+|#[^\n]*|\(\?#[^)]*\))/.exec(this.rest())
        : /^\(\?#[^)]*\)/.exec(this.rest());
      if (!ignored) return;
      this.at += ignored[0].length;
    }
  }
}
