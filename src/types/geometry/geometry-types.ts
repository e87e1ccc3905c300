// Geometric types: text, binary and stored form (manual, section 8.8). None of them has a B-tree or hash order.
import type { ByteReader, ByteWriter } from '../../base/bytes.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { formatFloat8 } from '../float-format.js';
import type { IoContext } from '../io-context.js';
import { defineType } from '../type-behaviour.js';
import type { Value } from '../value.js';
import { isZero, samePoints } from './fuzzy.js';
import { lineThrough, slope } from './lines.js';
import { Box, Circle, Line, Path, Point, Polygon, Segment, type Shape } from './shapes.js';
import { parseBox, parseCircle, parsePath, parsePoint, parsePolygon, parseSegment, ShapeReader } from './shape-text.js';

interface Form<S extends Shape> {
  readonly symbol: string;
  input(text: string): S;
  output(value: S, number: (value: number) => string): string;
  read(reader: ByteReader): S;
  write(value: S, writer: ByteWriter): void;
}

function define<S extends Shape & Value>(form: Form<S>): void {
  defineType<S>({
    symbol: form.symbol,
    storage: 'varlen',
    input: (text) => form.input(text),
    output: (value, _type, io: IoContext) => form.output(value, (number) => formatFloat8(number, io.extraFloatDigits)),
    receive: (reader) => form.read(reader),
    send: (value, _type, writer) => form.write(value, writer),
    store: (value, _type, writer) => form.write(value, writer),
    load: (reader) => form.read(reader),
  });
}

type Show = (value: number) => string;

const pair = (point: Point, show: Show) => `(${show(point.x)},${show(point.y)})`;
const pairs = (points: readonly Point[], show: Show) => points.map((point) => pair(point, show)).join(',');

function readPoint(reader: ByteReader): Point {
  const x = reader.float64();
  return new Point(x, reader.float64());
}

function writePoint(point: Point, writer: ByteWriter): void {
  writer.float64(point.x);
  writer.float64(point.y);
}

function readPoints(reader: ByteReader, typeName: string): Point[] {
  const count = reader.int32();
  if (count <= 0 || count > reader.remaining / 16)
    throw pgError(SqlState.invalidBinaryRepresentation, `invalid number of points in external "${typeName}" value`);
  return Array.from({ length: count }, () => readPoint(reader));
}

function writePoints(points: readonly Point[], writer: ByteWriter): void {
  writer.int32(points.length);
  for (const point of points) writePoint(point, writer);
}

define<Point>({ symbol: 'point_in', input: parsePoint, output: pair, read: readPoint, write: writePoint });

define<Segment>({
  symbol: 'lseg_in',
  input: parseSegment,
  output: ({ from, to }, show) => `[${pairs([from, to], show)}]`,
  read: (reader) => {
    const from = readPoint(reader);
    return new Segment(from, readPoint(reader));
  },
  write: ({ from, to }, writer) => {
    for (const point of [from, to]) writePoint(point, writer);
  },
});

define<Box>({
  symbol: 'box_in',
  input: parseBox,
  output: ({ high, low }, show) => pairs([high, low], show),
  read: (reader) => {
    const one = readPoint(reader);
    return Box.of(one, readPoint(reader));
  },
  write: ({ high, low }, writer) => {
    for (const point of [high, low]) writePoint(point, writer);
  },
});

define<Path>({
  symbol: 'path_in',
  input: parsePath,
  output: ({ points, isClosed }, show) => (isClosed ? `(${pairs(points, show)})` : `[${pairs(points, show)}]`),
  read: (reader) => {
    const isClosed = reader.uint8() !== 0;
    return new Path(readPoints(reader, 'path'), isClosed);
  },
  write: ({ points, isClosed }, writer) => {
    writer.uint8(isClosed ? 1 : 0);
    writePoints(points, writer);
  },
});

define<Polygon>({
  symbol: 'poly_in',
  input: parsePolygon,
  output: ({ points }, show) => `(${pairs(points, show)})`,
  read: (reader) => new Polygon(readPoints(reader, 'polygon')),
  write: ({ points }, writer) => writePoints(points, writer),
});

define<Circle>({
  symbol: 'circle_in',
  input: parseCircle,
  output: ({ center, radius }, show) => `<${pair(center, show)},${show(radius)}>`,
  read: (reader) => {
    const center = readPoint(reader);
    const radius = reader.float64();
    if (radius < 0) throw pgError(SqlState.invalidBinaryRepresentation, 'invalid radius in external "circle" value');
    return new Circle(center, radius);
  },
  write: ({ center, radius }, writer) => {
    writePoint(center, writer);
    writer.float64(radius);
  },
});

define<Line>({
  symbol: 'line_in',
  input: parseLine,
  output: ({ a, b, c }, show) => `{${[a, b, c].map(show).join(',')}}`,
  read: (reader) => {
    const a = reader.float64();
    const b = reader.float64();
    return checkedLine(new Line(a, b, reader.float64()), SqlState.invalidBinaryRepresentation);
  },
  write: ({ a, b, c }, writer) => {
    for (const value of [a, b, c]) writer.float64(value);
  },
});

/** `{A,B,C}`, or two points on the line. */
function parseLine(text: string): Line {
  const reader = new ShapeReader(text, 'line');
  if (reader.take('{')) {
    const a = reader.number();
    reader.expect(',');
    const b = reader.number();
    reader.expect(',');
    const c = reader.number();
    reader.expect('}');
    reader.end();
    return checkedLine(new Line(a, b, c), SqlState.invalidTextRepresentation);
  }
  const [from, to] = reader.points(2, true).points as [Point, Point];
  reader.end();
  if (samePoints(from, to))
    throw pgError(SqlState.invalidTextRepresentation, 'invalid line specification: must be two distinct points');
  return lineThrough(from, slope(from, to));
}

function checkedLine(line: Line, code: SqlState): Line {
  if (isZero(line.a) && isZero(line.b)) throw pgError(code, 'invalid line specification: A and B cannot both be zero');
  return line;
}
