// COPY FROM: records from the source become rows (inputs, defaults, WHERE) and go to the table in batches. Errors carry the
// line and column as their context.
import type { CopyStmt, Node } from '@pgsql/types';
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { PgError, pgError, SqlState } from '../../errors/pg-error.js';
import { domainChecker, openTableWriter, type LineLoader, type TableWriter } from '../../executor/table-writer.js';
import type { CopyLineFormat, RowPlacement } from '../../storage/api.js';
import type { Expression } from '../../trees/expression.js';
import { expressionFromJson } from '../../trees/json.js';
import type { IoContext } from '../../types/io-context.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { Row, Value } from '../../types/value.js';
import type { CommandContext } from '../api.js';
import { TypeOid } from '../classes.js';
import { rowEvaluator, type RowEvaluator } from '../row-program.js';
import { hasVolatileFunctionsBesideNextval } from '../volatility.js';
import { identitySequence } from '../sequence.js';
import { copyStreams, type CopyInSource } from './api.js';
import { binaryRows } from './binary.js';
import { clientDecoder, decoderFor, fileEncoding } from './encoding.js';
import { fieldSplitter, useDefault, type Field } from './fields.js';
import { openFileSource } from './file.js';
import { openProgramSource } from './program.js';
import { RecordCutter, type CopyRecord } from './lines.js';
import type { ColumnChoice, CopyOptions } from './options.js';

export interface CopyFromJob {
  readonly statement: CopyStmt;
  readonly context: CommandContext;
  readonly options: CopyOptions;
  readonly relation: RelationDescriptor;
  readonly columns: readonly AttributeDescriptor[];
}

/** Rows that go to the table at once, or as many as so many bytes of input: PostgreSQL's, because where rows are placed
 *  depends on it. The store's own reader of lines has the same. */
const batchRows = 1000;
const batchInputBytes = 65535;

/** Runs COPY FROM; returns the number of rows stored. */
export async function copyFrom(job: CopyFromJob): Promise<number> {
  const { context, options } = job;
  const force = {
    notNull: chosen(job, options.forceNotNull, 'FORCE_NOT_NULL'),
    asNull: chosen(job, options.forceNull, 'FORCE_NULL'),
  };
  if (options.freeze) requireNewTable(job);
  const loader = new Loader(job);
  // The client is told to send its data before triggers say anything.
  const source = await openSource(job);
  await loader.begin();
  try {
    if (options.format === 'binary') await readBinary(loader, source);
    else await readText(loader, source, fieldSplitter(options, force));
    await loader.flush();
  } catch (error) {
    // A program that fails does so after its last row: no line is to blame.
    throw isProgramFailure(error) ? error : loader.explain(await loader.firstError(error));
  } finally {
    loader.close();
  }
  await loader.finish();
  if (options.ignoreErrors) reportSkipped(context, loader.skipped);

  return loader.count;
}

/** FREEZE is for tables that nobody else has seen. */
function requireNewTable({ context, relation }: CopyFromJob): void {
  const { store, savepointDepth } = context.transaction;
  if (store.newFileDepth(relation.file.filenode) === savepointDepth) return;
  throw pgError(
    SqlState.objectNotInPrerequisiteState,
    'cannot perform COPY FREEZE because the table was not created or truncated in the current subtransaction',
  );
}

function isProgramFailure(error: unknown): boolean {
  return error instanceof PgError && error.code === SqlState.externalRoutineException;
}

function openSource({ context, options, columns, statement }: CopyFromJob): CopyInSource | Promise<CopyInSource> {
  if (statement.is_program) return openProgramSource(context, statement.filename ?? '');
  if (statement.filename) return openFileSource(statement.filename);
  const format = { binary: options.format === 'binary', columnCount: columns.length };
  return context.session.service(copyStreams).openIn(format);
}

/** Which of the copied columns a FORCE_ option names. */
function chosen(job: CopyFromJob, choice: ColumnChoice, words: string): boolean[] {
  if (choice === 'all') return job.columns.map(() => true);
  for (const name of choice) {
    if (!job.relation.attributes.some((attribute) => attribute.name === name && !attribute.isDropped)) {
      throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${job.relation.name}" does not exist`);
    }
    if (!job.columns.some((column) => column.name === name)) {
      throw pgError(SqlState.invalidColumnReference, `${words} column "${name}" not referenced by COPY`);
    }
  }
  return job.columns.map((column) => choice.includes(column.name));
}

function reportSkipped(context: CommandContext, skipped: number): void {
  if (skipped === 0) return;
  const message = `${skipped} ${skipped === 1 ? 'row was' : 'rows were'} skipped due to data type incompatibility`;
  context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
}

const nothingTaken = { byteCount: 0, rowCount: 0 };

type Splitter = (record: string) => Field[];

async function readText(loader: Loader, source: CopyInSource, split: Splitter): Promise<void> {
  const { context, options } = loader.job;
  const cutter = new RecordCutter(options, decoderFor(fileEncoding(context, options)));
  loader.lineOf = () => cutter.currentLine;
  const nextLine = () => ({ line: cutter.currentLine + 1, text: null, column: null, value: undefined });
  for await (const chunk of chunksOf(source, loader, nextLine)) {
    loader.position = null;
    const lines = cutter.lines(chunk);
    const taken = lines.length > 0 && cutter.isAtRecord ? await loader.takeLines(lines) : nothingTaken;
    cutter.skip(taken.rowCount);
    await takeRecords(loader, cutter.cutBytes(lines.subarray(taken.byteCount)), split);
  }
  loader.position = null;
  await takeRecords(loader, cutter.finish(), split);
}

/** The source's chunks; what goes wrong while one is awaited happens at the line that it would begin with. */
async function* chunksOf(source: CopyInSource, loader: Loader, nextLine: () => CopyPosition): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source) yield chunk;
  } catch (error) {
    loader.position = nextLine();
    throw error;
  }
}

async function takeRecords(loader: Loader, records: readonly CopyRecord[], split: Splitter): Promise<void> {
  for (const record of records) {
    if (loader.isHeader) {
      loader.position = { line: record.line, text: record.text, column: null, value: undefined };
      loader.isHeader = false;
      if (loader.job.options.header === 'match') matchHeader(loader.job, split(record.text));
      continue;
    }
    loader.atRecord(record);
    const wait = loader.take(record, split(record.text));
    if (wait !== undefined) await wait;
  }
}

/** The options as the store's own reader of lines knows them; null where it does not. */
function plainFormat(context: CommandContext, options: CopyOptions): CopyLineFormat | null {
  const { delimiter, quote, nullText } = options;
  const isCsv = options.format === 'csv';
  const isUtf8 = ['UTF8', 'SQL_ASCII'].includes(fileEncoding(context, options));
  const isPlain = options.format !== 'binary' && options.defaultText === null && isUtf8;
  if (!isPlain || !isAsciiCharacter(delimiter) || /[\0\r\n]/.test(nullText)) return null;
  if (!isCsv) return { delimiter: delimiter.charCodeAt(0), quote: null, nullText };
  const isForced = options.forceNotNull.length > 0 || options.forceNull.length > 0;
  if (isForced || quote !== options.escape || !isAsciiCharacter(quote)) return null;
  return { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0), nullText };
}

function isAsciiCharacter(text: string): boolean {
  return text.length === 1 && text.charCodeAt(0) < 0x80;
}

function matchHeader(job: CopyFromJob, names: readonly Field[]): void {
  const { columns } = job;
  if (names.length !== columns.length) {
    throw pgError(
      SqlState.badCopyFileFormat,
      `wrong number of fields in header line: got ${names.length}, expected ${columns.length}`,
    );
  }
  for (const [index, column] of columns.entries()) {
    const name = names[index];
    if (typeof name !== 'string') {
      throw pgError(
        SqlState.badCopyFileFormat,
        `column name mismatch in header line field ${index + 1}: got null value ("${job.options.nullText}"), expected "${column.name}"`,
      );
    }
    if (name !== column.name) {
      throw pgError(
        SqlState.badCopyFileFormat,
        `column name mismatch in header line field ${index + 1}: got "${name}", expected "${column.name}"`,
      );
    }
  }
}

async function readBinary(loader: Loader, source: CopyInSource): Promise<void> {
  const { columns, context } = loader.job;
  const decoder = clientDecoder(context);
  const types = columns.map((column) => ({
    decoder,
    name: column.name,
    type: context.catalog.typeByOid(column.type),
    typmod: column.typmod,
  }));
  for await (const row of binaryRows(source, types, context.catalog.io, loader)) {
    await loader.takeValues(row, { line: loader.position?.line ?? 0, text: null });
  }
}

/** Where an error happened: the line, its text, and the column being read. */
export interface CopyPosition {
  readonly line: number;
  readonly text: string | null;
  readonly column: string | null;
  /** Text of the field; null for a null input; undefined where no field is in hand. */
  readonly value: string | null | undefined;
}

interface Pending {
  readonly line: number;
  readonly text: string | null;
}

/** Turns fields into rows and rows into batches for the table. */
class Loader {
  count = 0;
  skipped = 0;
  isHeader: boolean;
  position: CopyPosition | null = null;
  private readonly place: { -readonly [Key in keyof CopyPosition]: CopyPosition[Key] } = {
    line: 0,
    text: null,
    column: null,
    value: undefined,
  };
  lineOf: () => number = () => 0;
  /** Takes lines in plain spelling; null where every line needs reading here. */
  private readonly lineLoader: LineLoader | null;
  private readonly writer: TableWriter;
  private readonly inputs: readonly ColumnInput[];
  private readonly defaults: { readonly numbers: readonly number[]; readonly evaluator: RowEvaluator } | null;
  private readonly fieldDefaults: ReadonlyMap<number, RowEvaluator>;
  private readonly where: RowEvaluator | null;
  private readonly width: number;
  private readonly placement: RowPlacement;
  private batch: Row[] = [];
  private sources: Pending[] = [];
  private batchBytes = 0;

  constructor(readonly job: CopyFromJob) {
    const { context, relation, columns, options } = job;
    this.isHeader = options.header !== 'none';
    this.width = relation.attributes.length;
    this.where = whereOf(job);
    this.writer = openTableWriter(context.corridor.executionContext(), relation.oid);
    this.placement = {
      isBatch: !storesRowByRow(job) && !this.writer.takesSingleRows,
      isNewTable: context.transaction.store.isNewFile(relation.file.filenode),
      statement: context.store.bulkStatement(),
    };
    this.inputs = columns.map((column) => columnInput(context, column));
    this.defaults = missingDefaults(context, relation, columns);
    this.fieldDefaults = options.defaultText === null ? new Map() : explicitDefaults(context, relation, columns);
    const format = this.where === null && this.defaults === null ? plainFormat(context, options) : null;
    const numbers = columns.map((column) => column.number);
    this.lineLoader = format === null ? null : this.writer.lineLoader(numbers, format);
  }

  /** Stores what the start of these whole lines holds in plain spelling: one row a line. */
  async takeLines(lines: Buffer): Promise<{ readonly byteCount: number; readonly rowCount: number }> {
    if (this.lineLoader === null || this.isHeader) return nothingTaken;
    if (this.batch.length > 0) await this.flush();
    const taken = this.lineLoader.take(lines, this.placement);
    this.count += taken.rowCount;
    const run = this.job.context.corridor.executionContext();
    run.checkInterrupts();
    await run.yieldToEventLoop();
    return taken;
  }

  /** The record in hand: errors name it. One object for all of them, because there are millions. */
  atRecord(record: CopyRecord): void {
    const { place } = this;
    place.line = record.line;
    place.text = record.text;
    place.column = null;
    place.value = undefined;
    this.position = place;
  }

  /** One record's fields; a Promise only where something waits. Throws 22P04 for too few or too many. */
  take(record: CopyRecord, fields: readonly Field[]): undefined | Promise<void> {
    const { columns } = this.job;
    if (fields.length > columns.length && !(columns.length === 0 && fields.length === 1 && fields[0] === '')) {
      throw pgError(SqlState.badCopyFileFormat, 'extra data after last expected column');
    }
    const row: Value[] = new Array(this.width).fill(null);
    return this.takeFields(record, fields, row, 0);
  }

  /** Fields from the given one on. Where one waits, the rest follow it. */
  private takeFields(
    record: CopyRecord,
    fields: readonly Field[],
    row: Value[],
    from: number,
  ): undefined | Promise<void> {
    const { columns } = this.job;
    const { place } = this;
    for (let n = from; n < columns.length; n++) {
      const column = columns[n] as AttributeDescriptor;
      if (n >= fields.length) {
        place.column = null;
        place.value = undefined;
        throw pgError(SqlState.badCopyFileFormat, `missing data for column "${column.name}"`);
      }
      const field = fields[n] as Field;
      const { parse, check } = this.inputs[n] as ColumnInput;
      if (field === null && check === null) continue;
      place.column = column.name;
      if (field === useDefault || check !== null) {
        return this.takeSlowly(record, fields, row, n).then((kept) =>
          kept ? this.takeFields(record, fields, row, n + 1) : undefined,
        );
      }
      place.value = field;
      try {
        row[column.number - 1] = parse(field as string);
      } catch (error) {
        if (!this.job.options.ignoreErrors || !isDataError(error)) throw error;
        this.skip(this.job.context, record, column, field);
        return undefined;
      }
    }
    place.column = null;
    place.value = undefined;
    return this.takeRow(row, record);
  }

  /** A field that takes its default or has constraints to check; false where its row is skipped. */
  private async takeSlowly(record: CopyRecord, fields: readonly Field[], row: Value[], n: number): Promise<boolean> {
    const { context, columns } = this.job;
    const column = columns[n] as AttributeDescriptor;
    const field = fields[n] as Field;
    if (field === useDefault) {
      this.place.value = undefined;
      this.place.column = null;
      row[column.number - 1] = await this.defaultOf(column);
      return true;
    }
    this.place.value = field;
    const { parse, check } = this.inputs[n] as ColumnInput;
    try {
      const value = field === null ? null : parse(field);
      if (check !== null) await check(value);
      row[column.number - 1] = value;
      return true;
    } catch (error) {
      if (!this.job.options.ignoreErrors || !isDataError(error)) throw error;
      this.skip(context, record, column, field);
      return false;
    }
  }

  private skip(context: CommandContext, record: CopyRecord, column: AttributeDescriptor, field: string | null): void {
    this.skipped++;
    if (!this.job.options.verbose) return;
    const value = field === null ? 'null input' : `"${shorten(field)}"`;
    context.notice({
      severity: 'NOTICE',
      code: SqlState.successfulCompletion,
      message: `skipping row due to data type incompatibility at line ${record.line} for column "${column.name}": ${value}`,
      fields: { where: `COPY ${this.job.relation.name}` },
    });
  }

  /** A row's values by copied column (binary format). */
  async takeValues(values: readonly Value[], source: Pending): Promise<void> {
    const row: Value[] = new Array(this.width).fill(null);
    for (const [n, column] of this.job.columns.entries()) {
      const value = values[n] ?? null;
      const { check } = this.inputs[n] as ColumnInput;
      if (check !== null) await check(value);
      row[column.number - 1] = value;
    }
    await this.takeRow(row, source);
  }

  private takeRow(row: Value[], source: Pending): undefined | Promise<void> {
    if (this.defaults !== null || this.where !== null) return this.takeEvaluated(row, source);
    return this.keep(row, source);
  }

  private async takeEvaluated(row: Value[], source: Pending): Promise<void> {
    if (this.defaults !== null) {
      const values = await this.defaults.evaluator.evaluate(row);
      for (const [n, number] of this.defaults.numbers.entries()) row[number - 1] = values[n] ?? null;
    }
    if (this.where !== null) {
      const [keep] = await this.where.evaluate(row);
      if (keep !== true) return;
    }
    await this.keep(row, source);
  }

  private keep(row: Value[], source: Pending): undefined | Promise<void> {
    this.batch.push(row);
    this.sources.push(source);
    if (source.text !== null) this.batchBytes += Buffer.byteLength(source.text);
    if (this.writer.takesSingleRows) return this.flush();
    return this.batch.length >= batchRows || this.batchBytes >= batchInputBytes ? this.flush() : undefined;
  }

  private async defaultOf(column: AttributeDescriptor): Promise<Value> {
    const evaluator = this.fieldDefaults.get(column.number);
    if (evaluator === undefined) {
      throw pgError(SqlState.badCopyFileFormat, 'unexpected default marker in COPY data', {
        detail: `Column "${column.name}" has no default value.`,
      });
    }
    const [value] = await evaluator.evaluate([]);
    return value ?? null;
  }

  /** Writes the batch. */
  async flush(): Promise<void> {
    const { batch, sources } = this;
    this.lineLoader?.flush(this.placement);
    if (batch.length === 0) return;
    this.batch = [];
    this.sources = [];
    this.batchBytes = 0;
    const { context } = this.job;
    try {
      this.count += await this.writer.insert(batch, this.placement);
    } catch (error) {
      const source = sources[this.writer.rowInHand];
      const isBatch = !this.writer.takesSingleRows;
      const isIndex = isBatch && error instanceof PgError && error.code === SqlState.uniqueViolation;
      this.position = {
        line: source?.line ?? 0,
        text: isIndex ? null : (source?.text ?? null),
        column: null,
        value: undefined,
      };
      throw error;
    }
    const run = context.corridor.executionContext();
    run.checkInterrupts();
    await run.yieldToEventLoop();
  }

  async begin(): Promise<void> {
    await this.writer.begin();
  }

  async finish(): Promise<void> {
    await this.writer.finish();
  }

  close(): void {
    this.lineLoader?.close();
  }

  /** The error of a row that waits in the batch, which comes before that of the line in hand; index entries are made
   *  batch by batch, so what they find comes later. */
  async firstError(error: unknown): Promise<unknown> {
    const { position } = this;
    try {
      await this.flush();
    } catch (earlier) {
      if (earlier instanceof PgError && rowConstraints.has(earlier.code)) return earlier;
    }
    this.position = position;
    return error;
  }

  /** Adds "COPY t, line 3, column b: ..." to an error. */
  explain(error: unknown): unknown {
    if (!(error instanceof PgError)) return error;
    const where = contextText(
      this.job.relation.name,
      this.position ?? { line: this.lineOf(), text: null, column: null, value: undefined },
    );
    error.fields = { ...error.fields, where: error.fields.where ? `${error.fields.where}\n${where}` : where };
    return error;
  }
}

/** What is checked of a row before it is stored. */
const rowConstraints: ReadonlySet<string> = new Set([SqlState.checkViolation, SqlState.notNullViolation]);

const dataErrorClass = '22';

/** Errors that an input function reports for bad text (soft errors). */
function isDataError(error: unknown): error is PgError {
  if (!(error instanceof PgError)) return false;
  return (
    error.code.startsWith(dataErrorClass) ||
    error.code === SqlState.checkViolation ||
    error.code === SqlState.notNullViolation
  );
}

const displayBytesMax = 100;

function contextText(table: string, position: CopyPosition): string {
  const start = `COPY ${table}, line ${position.line}`;
  if (position.column !== null) {
    if (position.value === undefined) return `${start}, column ${position.column}`;
    return position.value === null
      ? `${start}, column ${position.column}: null input`
      : `${start}, column ${position.column}: "${shorten(position.value)}"`;
  }
  return position.text === null ? start : `${start}: "${shorten(position.text)}"`;
}

function shorten(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= displayBytesMax) return text;
  let end = displayBytesMax;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return `${bytes.utf8Slice(0, end)}...`;
}

interface ColumnInput {
  readonly parse: (text: string) => Value;
  /** Domain constraints; null where the type has none. */
  readonly check: ((value: Value) => void | Promise<void>) | null;
}

function columnInput(context: CommandContext, column: AttributeDescriptor): ColumnInput {
  const io: IoContext = context.catalog.io;
  const declared = context.catalog.typeByOid(column.type);
  let type: TypeDescriptor = declared;
  let { typmod } = column;
  while (type.kind === 'd') {
    typmod = type.typmod;
    type = context.catalog.typeByOid(type.baseType);
  }
  const { behaviour } = type;
  const check = declared.kind === 'd' ? domainChecker(context.corridor.executionContext(), declared.oid) : null;
  return { parse: (text) => behaviour.input(text, type, typmod, io), check };
}

/** Default of a column as COPY evaluates it; null where it is NULL. */
function defaultExpression(
  context: CommandContext,
  relation: RelationDescriptor,
  column: AttributeDescriptor,
): Expression | null {
  if (column.generated !== '') return null;
  if (column.identity !== '') {
    return {
      kind: 'NextValueExpr',
      sequence: identitySequence(context, relation.oid, column.number),
      type: column.type,
    };
  }
  if (column.defaultExpr !== null) return expressionFromJson(column.defaultExpr);
  const json = context.catalog.tables.findOne('pg_type', { oid: column.type })?.row.typdefaultbin;
  return json ? expressionFromJson(json) : null;
}

function missingDefaults(
  context: CommandContext,
  relation: RelationDescriptor,
  columns: readonly AttributeDescriptor[],
): { readonly numbers: readonly number[]; readonly evaluator: RowEvaluator } | null {
  const copied = new Set(columns.map((column) => column.number));
  const numbers: number[] = [];
  const expressions: Expression[] = [];
  for (const attribute of relation.attributes) {
    if (attribute.isDropped || copied.has(attribute.number)) continue;
    const expression = defaultExpression(context, relation, attribute);
    if (expression === null) continue;
    numbers.push(attribute.number);
    expressions.push(expression);
  }
  return numbers.length === 0 ? null : { numbers, evaluator: rowEvaluator(context, relation, expressions) };
}

/** What a volatile expression sees of the table must not depend on batches. */
function storesRowByRow({ context, relation, columns, options, statement }: CopyFromJob): boolean {
  const copied = new Set(columns.map((column) => column.number));
  const expressions = relation.attributes
    .filter(({ isDropped, generated }) => !isDropped && generated === '')
    .filter(({ number }) => options.defaultText !== null || !copied.has(number))
    .flatMap((attribute) => defaultExpression(context, relation, attribute) ?? []);
  if (statement.whereClause) expressions.push(whereCondition(context, relation, statement.whereClause));
  return expressions.some((expression) => hasVolatileFunctionsBesideNextval(context, expression));
}

function explicitDefaults(
  context: CommandContext,
  relation: RelationDescriptor,
  columns: readonly AttributeDescriptor[],
): ReadonlyMap<number, RowEvaluator> {
  const result = new Map<number, RowEvaluator>();
  for (const column of columns) {
    const expression = defaultExpression(context, relation, column);
    if (expression !== null) result.set(column.number, rowEvaluator(context, relation, [expression]));
  }
  return result;
}

function whereOf(job: CopyFromJob): RowEvaluator | null {
  const { statement, context, relation } = job;
  if (!statement.whereClause) return null;
  return rowEvaluator(context, relation, [whereCondition(context, relation, statement.whereClause)]);
}

function whereCondition(context: CommandContext, relation: RelationDescriptor, clause: Node): Expression {
  const target = { type: TypeOid.bool, typmod: -1, collation: 0, columnName: '' };
  const scope = { use: 'copyWhere', relation: relation.oid, target } as const;
  return context.corridor.analyzeExpression(clause, scope, context.sourceText);
}
