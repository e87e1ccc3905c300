// The text of geometric values (manual, section 8.8): pairs of numbers in as many brackets as PostgreSQL lets them have.
import { invalidSyntax } from '../input-error.js';
import { parseFloat8 } from '../float-format.js';
import { Box, Circle, Path, Point, Polygon, Segment } from './shapes.js';

const number = /[+-]?(?:nan|inf(?:inity)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)/iy;
const spaces = /[ \t\n\r\f\v]*/y;

/** Reads a value piece by piece; every fault is 22P02 with the whole text. */
export class ShapeReader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly typeName: string,
  ) {}

  fault(): Error {
    return invalidSyntax(this.typeName, this.text);
  }

  skip(): void {
    spaces.lastIndex = this.at;
    this.at += spaces.exec(this.text)?.[0].length ?? 0;
  }

  /** Whether the next character is this one; it is taken. Blanks before it are skipped. */
  take(character: string): boolean {
    this.skip();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.fault();
  }

  /** A look at the next character that is no blank, `offset` of them further. */
  peek(offset = 0): string {
    let at = this.at;
    for (let seen = 0; at < this.text.length; at++) {
      if (/\s/.test(this.text[at] ?? '')) continue;
      if (seen++ === offset) return this.text[at] ?? '';
    }
    return '';
  }

  /** Whether no other opening parenthesis follows the next one. */
  isLastOpening(): boolean {
    return this.text.lastIndexOf('(') === this.text.indexOf('(', this.at);
  }

  number(): number {
    this.skip();
    number.lastIndex = this.at;
    const found = number.exec(this.text)?.[0];
    if (found === undefined) throw this.fault();
    this.at += found.length;
    const value = parseFloat8(found);
    this.skip();
    return value;
  }

  /** `(x,y)` or `x,y`. */
  point(): Point {
    const isBracketed = this.take('(');
    const x = this.number();
    this.expect(',');
    const y = this.number();
    if (isBracketed) this.expect(')');
    this.skip();
    return new Point(x, y);
  }

  /** So many points, in brackets (an open list) where they may be, in one or no further pair of parentheses. */
  points(count: number, mayBeOpen: boolean): { readonly points: Point[]; readonly isOpen: boolean } {
    let depth = 0;
    const isOpen = this.peek() === '[';
    if (isOpen) {
      if (!mayBeOpen) throw this.fault();
      this.expect('[');
      depth = 1;
    } else if (this.peek() === '(' && (this.peek(1) === '(' || this.isLastOpening())) {
      this.expect('(');
      depth = 1;
    }
    const points: Point[] = [];
    for (let read = 0; read < count; read++) {
      points.push(this.point());
      this.take(',');
    }
    // An open list may end with either bracket.
    if (depth > 0 && !(isOpen && this.take(']')) && !this.take(')')) throw this.fault();
    return { points, isOpen };
  }

  end(): void {
    this.skip();
    if (this.at < this.text.length) throw this.fault();
  }
}

export function parsePoint(text: string): Point {
  const reader = new ShapeReader(text, 'point');
  const point = reader.point();
  reader.end();
  return point;
}

export function parseSegment(text: string): Segment {
  const [from, to] = listOf(text, 'lseg', 2, true).points;
  return new Segment(from as Point, to as Point);
}

export function parseBox(text: string): Box {
  const [one, other] = listOf(text, 'box', 2, false).points;
  return Box.of(one as Point, other as Point);
}

export function parsePolygon(text: string): Polygon {
  return new Polygon(listOf(text, 'polygon', pairCount(text, 'polygon'), false).points);
}

export function parsePath(text: string): Path {
  const count = pairCount(text, 'path');
  const reader = new ShapeReader(text, 'path');
  // A pair of parentheses around all of it, whose points have none of their own.
  const isWrapped = reader.peek() === '(' && reader.isLastOpening();
  if (isWrapped) reader.expect('(');
  const { points, isOpen } = reader.points(count, true);
  if (isWrapped) reader.expect(')');
  reader.end();
  return new Path(points, !isOpen);
}

export function parseCircle(text: string): Circle {
  const reader = new ShapeReader(text, 'circle');
  const closing = reader.take('<') ? '>' : reader.peek() === '(' && reader.peek(1) === '(' ? ')' : '';
  if (closing === ')') reader.expect('(');
  const center = reader.point();
  reader.take(',');
  const radius = reader.number();
  if (radius < 0) throw reader.fault();
  if (closing !== '') reader.expect(closing);
  reader.end();
  return new Circle(center, radius);
}

function listOf(text: string, typeName: string, count: number, mayBeOpen: boolean) {
  const reader = new ShapeReader(text, typeName);
  const list = reader.points(count, mayBeOpen);
  reader.end();
  return list;
}

/** Half of the numbers, counted by the commas between them. */
function pairCount(text: string, typeName: string): number {
  const commas = text.split(',').length - 1;
  if (commas % 2 === 0) throw invalidSyntax(typeName, text);
  return (commas + 1) / 2;
}
