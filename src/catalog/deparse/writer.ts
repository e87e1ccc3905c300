// The text being built by the deparser, with PostgreSQL's layout: each clause on a line of its own, at an indentation
// that grows with nesting. Expression text never breaks lines except at CASE and subqueries.

/** Steps of indentation, as pg_get_viewdef prints them. */
export const indent = { standard: 8, join: 4, item: 4 } as const;
/** Beyond this level deeper ones are folded back, so that deeply nested text does not run off to the right. */
const levelMax = 40;

export class DeparseWriter {
  private text = '';
  level = 0;
  /** No line breaks: everything on one line. */
  isFlat = false;

  get length(): number {
    return this.text.length;
  }

  append(text: string): void {
    this.text += text;
  }

  /** Starts a line with `text`: the level moves by `before` first and by `after` afterwards; `extra` spaces are added. */
  line(text: string, before: number, after: number, extra: number): void {
    if (this.isFlat) {
      const isApart = text.startsWith(' ') || /[ (]$/.test(this.text);
      this.text += isApart ? text : ` ${text}`;
      return;
    }
    this.level += before;
    this.text = this.text.replace(/ +$/, '');
    const base = this.level < levelMax ? Math.max(this.level, 0) : foldedLevel(this.level);
    this.text += `\n${' '.repeat(Math.max(base + extra, 0))}${text}`;
    this.level = Math.max(this.level + after, 0);
  }

  /** What `action` wrote, taken out again. */
  capture(action: () => void): string {
    const before = this.text;
    this.text = '';
    action();
    const captured = this.text;
    this.text = before;
    return captured;
  }

  trimEnd(): void {
    this.text = this.text.replace(/ +$/, '');
  }

  toString(): string {
    return this.text;
  }
}

function foldedLevel(level: number): number {
  return (levelMax + Math.trunc((level - levelMax) / (indent.standard / 2))) % levelMax;
}
