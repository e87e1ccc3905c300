// Parameter values of a statement: what Bind carries, decoded by the parameters' types.
import { SqlState, pgError } from '../errors/pg-error.js';
import { ByteReader } from '../base/bytes.js';
import type { Catalog } from '../catalog/api.js';
import { decodeText } from '../wire/text.js';
import type { Value } from '../types/value.js';

export interface ParameterValue {
  readonly type: number;
  readonly value: Value;
}

/** Bind's raw values: null is SQL NULL; formats are 0 text, 1 binary (none: all text, one: for all). */
export interface RawParameters {
  readonly formats: readonly number[];
  readonly values: readonly (Buffer | null)[];
}

/**
 * Decodes Bind's values by the statement's parameter types.
 * @throws 08P01 where counts differ, 22P02 and others from the types' input, 22P03 on a wrong binary form
 */
export function decodeParameters(
  catalog: Catalog,
  types: readonly number[],
  raw: RawParameters,
  statementName: string,
  encoding = 'UTF8',
): ParameterValue[] {
  if (raw.values.length !== types.length) {
    throw pgError(
      SqlState.protocolViolation,
      `bind message supplies ${raw.values.length} parameters, but prepared statement "${statementName}" requires ${types.length}`,
    );
  }
  if (raw.formats.length > 1 && raw.formats.length !== raw.values.length) {
    throw pgError(
      SqlState.protocolViolation,
      `bind message has ${raw.formats.length} parameter formats but ${raw.values.length} parameters`,
    );
  }
  return types.map((type, index) => ({
    type,
    value: decodeParameter(catalog, type, raw.values[index] ?? null, formatOf(raw.formats, index), {
      number: index + 1,
      encoding,
    }),
  }));
}

/** The format code that applies to the column or parameter at `index` (manual, section 55.7, Bind). */
export function formatOf(formats: readonly number[], index: number): number {
  const code = formats.length === 0 ? 0 : formats.length === 1 ? formats[0] : formats[index];
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
  const onShort = () =>
    pgError(SqlState.invalidBinaryRepresentation, `incorrect binary data format in bind parameter ${number}`);
  const reader = new ByteReader(bytes, onShort);
  reader.decoder = (part) => decodeText(part, 0, part.length, encoding);
  const value = type.behaviour.receive(reader, type, -1, catalog.io);
  if (reader.remaining > 0) throw onShort();
  return value;
}
