// pg_input_is_valid and pg_input_error_info: whether a text would be accepted as input of a type.
import { PgError } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn } from '../../functions/registry.js';
import { typeOid } from '../oids.js';
import { parseTypeName } from '../type-name-text.js';
import { catalogOf, outRecord } from './call.js';
import { typmodOf } from './visibility.js';

/** The error that input raises, null where the text is fine. Errors of ours stay errors. */
function inputError(text: string, typeName: string, info: CallInfo): PgError | null {
  const catalog = catalogOf(info);
  const type = catalog.typeByOid(catalog.names.typeOfText(typeName));
  const typmod = parseTypeName(typeName).modifiers.length === 0 ? -1 : typmodOf(catalog, typeName);
  try {
    const value = type.behaviour.input(text, type, typmod, info.io);
    const limit = typmod - 4;
    // Input alone doesn't cut at the declared length: that is the column's coercion.
    const tooLong =
      (type.oid === typeOid.varchar || type.oid === typeOid.bpchar) &&
      typmod >= 0 &&
      [...String(value).trimEnd()].length > limit;
    if (!tooLong) return null;
    const name = type.oid === typeOid.varchar ? `character varying(${limit})` : `character(${limit})`;
    return new PgError('22001', `value too long for type ${name}`);
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
}

fn('pg_input_is_valid', {
  impl: (text: string, typeName: string, info: CallInfo) => inputError(text, typeName, info) === null,
});
fn('pg_input_error_info', {
  impl(text: string, typeName: string, info: CallInfo) {
    const error = inputError(text, typeName, info);
    return outRecord(
      ['message', typeOid.text, error?.message ?? null],
      ['detail', typeOid.text, error?.fields.detail ?? null],
      ['hint', typeOid.text, error?.fields.hint ?? null],
      ['sql_error_code', typeOid.text, error?.code ?? null],
    );
  },
});
