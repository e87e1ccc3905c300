// COPY TO: the rows of a table or query as text, CSV or binary, a batch at a time.
import type { CopyStmt } from '@pgsql/types';
import { ByteWriter } from '../../base/bytes.js';
import { batchRowsMax } from '../../base/limits.js';
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Execution } from '../../executor/api.js';
import type { IoContext } from '../../types/io-context.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { Row, Value } from '../../types/value.js';
import type { CommandContext } from '../api.js';
import { columnVar, openQuery, tableQuery } from '../table-scan.js';
import { copyStreams, type CopyOutSink, type CopyStreamFormat } from './api.js';
import { writeHeader, writeRow, writeTrailer } from './binary.js';
import { clientEncoder, encoderFor, fileEncoding } from './encoding.js';
import { openFileSink } from './file.js';
import type { ColumnChoice, CopyOptions } from './options.js';
import { openProgramSink } from './program.js';

interface CopyToJob {
  readonly statement: CopyStmt;
  readonly context: CommandContext;
  readonly options: CopyOptions;
  readonly relation: RelationDescriptor;
  readonly columns: readonly AttributeDescriptor[];
}

interface OutputColumn {
  readonly name: string;
  readonly type: TypeDescriptor;
}

/** COPY table TO; returns the number of rows. */
export async function copyTableTo(job: CopyToJob): Promise<number> {
  const { context, relation, columns } = job;
  const output = columns.map((column) => ({ name: column.name, type: context.catalog.typeByOid(column.type) }));
  const expressions = columns.map((column) => columnVar(relation, column.number));
  const force = forceQuote(job.options.forceQuote, output, `of relation "${relation.name}" `);
  return send(job.statement, job, output, force, openQuery(context, tableQuery(context, relation, expressions, null)));
}

/** COPY (query) TO; returns the number of rows. */
export async function copyQueryTo(statement: CopyStmt, context: CommandContext, options: CopyOptions): Promise<number> {
  const node = statement.query;
  if (node === undefined) throw new Error('invariant broken: COPY without a relation or a query');
  if ('SelectStmt' in node && node.SelectStmt.intoClause) {
    throw pgError(SqlState.featureNotSupported, 'COPY (SELECT INTO) is not supported');
  }
  const types = context.parameters.map((parameter) => parameter.type);
  const bound = context.corridor.analyzeStatement(node, context.sourceText, types);
  if (bound.kind !== 'query') throw pgError(SqlState.featureNotSupported, 'COPY query must not be a utility command');
  const { query } = bound;
  if (query.commandType !== 'select') {
    context.transaction.requireWritable(query.commandType.toUpperCase());
    if (query.returningList.length === 0)
      throw pgError(SqlState.featureNotSupported, 'COPY query must have a RETURNING clause');
  }
  if (await context.corridor.lock(query)) return copyQueryTo(statement, context, options);
  const [rewritten] = context.corridor.rewrite(query);
  if (rewritten === undefined)
    throw pgError(SqlState.featureNotSupported, 'DO INSTEAD NOTHING rules are not supported for COPY');
  context.transaction.advanceCommand();
  const execution = context.corridor.open(context.corridor.plan(rewritten), context.parameters);
  const output = execution.columns.map((column) => ({ name: column.name, type: column.type }));
  const force = forceQuote(options.forceQuote, output, '');
  return send(statement, { context, options }, output, force, execution);
}

function forceQuote(choice: ColumnChoice, columns: readonly OutputColumn[], where: string): boolean[] {
  if (choice === 'all') return columns.map(() => true);
  for (const name of choice) {
    if (columns.some((column) => column.name === name)) continue;
    throw pgError(SqlState.undefinedColumn, `column "${name}" ${where}does not exist`);
  }
  return columns.map((column) => choice.includes(column.name));
}

async function send(
  statement: CopyStmt,
  job: { readonly context: CommandContext; readonly options: CopyOptions },
  columns: readonly OutputColumn[],
  force: readonly boolean[],
  execution: Execution,
): Promise<number> {
  const { context, options } = job;
  const format = { binary: options.format === 'binary', columnCount: columns.length };
  try {
    const sink = await openSink(statement, context, format);
    const count = format.binary
      ? await sendBinary(context, columns, execution, sink)
      : await sendText(context, options, { columns, force }, execution, sink);
    await sink.end();
    return count;
  } finally {
    await execution.close();
  }
}

function openSink(
  statement: CopyStmt,
  context: CommandContext,
  format: CopyStreamFormat,
): CopyOutSink | Promise<CopyOutSink> {
  if (statement.is_program) return openProgramSink(context, statement.filename ?? '');
  if (statement.filename) return openFileSink(statement.filename);
  return context.session.service(copyStreams).openOut(format);
}

async function sendText(
  context: CommandContext,
  options: CopyOptions,
  output: { readonly columns: readonly OutputColumn[]; readonly force: readonly boolean[] },
  execution: Execution,
  sink: CopyOutSink,
): Promise<number> {
  const encode = encoderFor(fileEncoding(context, options));
  const print =
    options.format === 'csv'
      ? csvPrinter(options, output, context.catalog.io)
      : textPrinter(options, output.columns, context.catalog.io);
  if (options.header !== 'none') {
    const header = encode(`${headerLine(options, output.columns)}\n`);
    await sink.write(header, [header.length]);
  }
  let count = 0;
  for (;;) {
    const rows = await execution.next(batchRowsMax);
    if (rows === null) return count;
    if (rows.length === 0) continue;
    const lines = rows.map((row) => `${print(row)}\n`);
    await writeLines(sink, lines, encode);
    count += rows.length;
  }
}

async function writeLines(
  sink: CopyOutSink,
  lines: readonly string[],
  encode: (text: string) => Buffer,
): Promise<void> {
  const chunk = encode(lines.join(''));
  const ends: number[] = [];
  let end = 0;
  const isAscii = chunk.length === lines.reduce((length, line) => length + line.length, 0);
  for (const line of lines) {
    end += isAscii ? line.length : encode(line).length;
    ends.push(end);
  }
  await sink.write(chunk, ends);
}

function headerLine(options: CopyOptions, columns: readonly OutputColumn[]): string {
  const names = columns.map((column) =>
    options.format === 'csv'
      ? quoteCsv(column.name, options, false, columns.length === 1)
      : escapeText(column.name, options.delimiter),
  );
  return names.join(options.delimiter);
}

type RowPrinter = (row: Row) => string;

function textPrinter(options: CopyOptions, columns: readonly OutputColumn[], io: IoContext): RowPrinter {
  const { delimiter, nullText } = options;
  return (row) =>
    columns
      .map(({ type }, n) => {
        const value = (row[n] ?? null) as Value;
        return value === null ? nullText : escapeText(type.behaviour.output(value, type, io), delimiter);
      })
      .join(delimiter);
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function escapeText(text: string, delimiter: string): string {
  const escaped = /[\\\b\f\n\r\t\v]/.test(text)
    ? text.replace(/[\\\b\f\n\r\t\v]/g, (character) => escapes[character] as string)
    : text;
  return delimiter === '\t' ? escaped : escaped.replaceAll(delimiter, `\\${delimiter}`);
}

function csvPrinter(
  options: CopyOptions,
  output: { readonly columns: readonly OutputColumn[]; readonly force: readonly boolean[] },
  io: IoContext,
): RowPrinter {
  const { delimiter, nullText } = options;
  const isSingle = output.columns.length === 1;
  return (row) =>
    output.columns
      .map(({ type }, n) => {
        const value = (row[n] ?? null) as Value;
        if (value === null) return nullText;
        return quoteCsv(type.behaviour.output(value, type, io), options, output.force[n] === true, isSingle);
      })
      .join(delimiter);
}

function quoteCsv(text: string, options: CopyOptions, force: boolean, isSingle: boolean): string {
  const { delimiter, quote, escape, nullText } = options;
  const mustQuote =
    force ||
    text === nullText ||
    text.includes(delimiter) ||
    text.includes(quote) ||
    text.includes('\n') ||
    text.includes('\r') ||
    (isSingle && text === '\\.');
  if (!mustQuote) return text;
  let inner = text;
  if (escape !== quote) inner = inner.replaceAll(escape, escape + escape);
  return quote + inner.replaceAll(quote, escape + quote) + quote;
}

async function sendBinary(
  context: CommandContext,
  columns: readonly OutputColumn[],
  execution: Execution,
  sink: CopyOutSink,
): Promise<number> {
  const { io } = context.catalog;
  const types = columns.map((column) => column.type);
  let writer = new ByteWriter(64 * 1024);
  writeHeader(writer);
  const encoder = clientEncoder(context);
  writer.encoder = encoder;
  let count = 0;
  for (;;) {
    const rows = await execution.next(batchRowsMax);
    const ends: number[] = [];
    if (rows === null) writeTrailer(writer);
    for (const row of rows ?? []) {
      writeRow(writer, row, types, io);
      ends.push(writer.length);
    }
    if (rows === null) ends.push(writer.length);
    const chunk = writer.copy();
    if (chunk.length > 0) await sink.write(chunk, ends.length === 0 ? [chunk.length] : ends);
    if (rows === null) return count;
    count += rows.length;
    writer = new ByteWriter(64 * 1024);
    writer.encoder = encoder;
  }
}
