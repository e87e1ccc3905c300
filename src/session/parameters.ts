// Parameter values of a statement: what Bind carries, decoded by the parameters' types.
import { withContext } from '../errors/context.js';
import { type PgError, SqlState, pgError } from '../errors/pg-error.js';
import { ByteReader } from '../base/bytes.js';
import type { Catalog } from '../catalog/api.js';
import { decodeText } from '../wire/text.js';
import type { Value } from '../types/value.js';
import { quotedStart } from './log/shown-parameters.js';

export interface ParameterValue {
  readonly type: number;
  readonly value: Value;
}

/** Bind's raw values: null is SQL NULL; formats are 0 text, 1 binary (none: all text, one: for all). */
export interface RawParameters {
  readonly formats: readonly number[];
  readonly values: readonly (Buffer | null)[];
}

/** Where values are bound, for what an error says of it. */
export interface BindPlace {
  /** Null where it is no Bind: nothing is said then. */
  readonly portal: string | null;
  readonly encoding: string;
  /** log_parameter_max_length_on_error. */
  readonly shownBytesMax: number;
}

/** Throws 08P01 where Bind brings other than `count` values, or formats for other than those. */
export function requireParameterCounts(raw: RawParameters, count: number, statementName: string): void {
  if (raw.formats.length > 1 && raw.formats.length !== raw.values.length) {
    throw pgError(
      SqlState.protocolViolation,
      `bind message has ${raw.formats.length} parameter formats but ${raw.values.length} parameters`,
    );
  }
  if (raw.values.length !== count) {
    throw pgError(
      SqlState.protocolViolation,
      `bind message supplies ${raw.values.length} parameters, but prepared statement "${statementName}" requires ${count}`,
    );
  }
}

/**
 * Decodes Bind's values by the statement's parameter types.
 * @throws 22P02 and others from the types' input, 22P03 on a wrong binary form
 */
export function decodeParameters(
  catalog: Catalog,
  types: readonly number[],
  raw: RawParameters,
  at: BindPlace,
): ParameterValue[] {
  return types.map((type, index) => {
    const bytes = raw.values[index] ?? null;
    try {
      const format = formatOf(raw.formats, index);
      return {
        type,
        value: decodeParameter(catalog, type, bytes, format, { number: index + 1, encoding: at.encoding }),
      };
    } catch (error) {
      throw inParameter(error, index + 1, givenFormat(raw.formats, index), bytes, at);
    }
  });
}

/** The error with the line of context that says which parameter it was. */
function inParameter(error: unknown, number: number, format: number, bytes: Buffer | null, at: BindPlace): unknown {
  if (at.portal === null) return error;
  const portal = at.portal === '' ? 'unnamed portal' : `portal "${at.portal}"`;
  const shown = format !== 0 || bytes === null ? '' : ` = ${quotedStart(bytes, at.shownBytesMax)}`;
  return withContext(error, `${portal} parameter $${number}${shown}`);
}

/** The format code that applies to the column or parameter at `index` (manual, section 55.7, Bind), as the client gave it. */
export function givenFormat(formats: readonly number[], index: number): number {
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
}

/** As `givenFormat`; throws 22023 for one that is neither text nor binary. */
export function formatOf(formats: readonly number[], index: number): number {
  const code = givenFormat(formats, index);
  if (code !== 0 && code !== 1) {
    throw pgError(SqlState.invalidParameterValue, `unsupported format code: ${code}`);
  }
  return code;
}

function decodeParameter(
  catalog: Catalog,
  typeOid: number,
  bytes: Buffer | null,
  format: number,
  { number, encoding }: { readonly number: number; readonly encoding: string },
): Value {
  if (bytes === null) return null;
  const type = catalog.typeByOid(typeOid);
  if (format === 0) {
    return type.behaviour.input(decodeText(bytes, 0, bytes.length, encoding), type, -1, catalog.io);
  }
  const reader = new ByteReader(bytes, insufficientData);
  reader.decoder = (part) => decodeText(part, 0, part.length, encoding);
  const value = type.behaviour.receive(reader, type, -1, catalog.io);
  if (reader.remaining > 0) {
    throw pgError(SqlState.invalidBinaryRepresentation, `incorrect binary data format in bind parameter ${number}`);
  }
  return value;
}

function insufficientData(): PgError {
  return pgError(SqlState.protocolViolation, 'insufficient data left in message');
}
