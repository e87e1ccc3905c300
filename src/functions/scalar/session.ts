// Functions about the call and its session: settings, sleeping, counting nulls, an argument's type, size and collation.
import { ByteWriter } from '../../base/bytes.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { storageType } from '../../types/domain.js';
import { base10000 } from '../../types/numeric-type.js';
import { Numeric } from '../../types/numeric.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { PgArray, PgRecord, type Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { settingControl, sleeper } from '../services.js';

function unknownSetting(name: string): Error {
  return pgError(SqlState.undefinedObject, `unrecognized configuration parameter "${name}"`);
}

fn('show_config_by_name', {
  impl: (name: string, info: CallInfo) => {
    const value = info.session.service(settingControl).show(name);
    if (value === null) throw unknownSetting(name);
    return value;
  },
});
fn('show_config_by_name_missing_ok', {
  impl: (name: string, missingOk: boolean, info: CallInfo) => {
    const value = info.session.service(settingControl).show(name);
    if (value === null && !missingOk) throw unknownSetting(name);
    return value;
  },
});
fn('set_config_by_name', {
  impl: (name: string | null, value: string | null, isLocal: boolean | null, info: CallInfo) => {
    if (name === null) throw pgError(SqlState.nullValueNotAllowed, 'SET requires parameter name');
    return info.session.service(settingControl).set(name, value, isLocal === true);
  },
});

fn('pg_sleep', {
  waits: true,
  impl: async (seconds: number, info: CallInfo) => {
    if (seconds > 0) await info.session.service(sleeper).sleep(seconds * 1000);
    return null;
  },
});

/** The arguments of a VARIADIC "any" function; null where its array is NULL. */
function anyArguments(values: readonly unknown[]): readonly Value[] | null {
  const info = values[values.length - 1] as CallInfo;
  if (!info.isVariadic) return values.slice(0, -1) as Value[];
  const array = values[0];
  return array instanceof PgArray ? array.elements : null;
}
fn('pg_num_nulls', {
  impl: (...values: unknown[]) => anyArguments(values)?.filter((value) => value === null).length ?? null,
});
fn('pg_num_nonnulls', {
  impl: (...values: unknown[]) => anyArguments(values)?.filter((value) => value !== null).length ?? null,
});

fn('pg_typeof', { impl: (_value: Value, info: CallInfo) => info.argTypes[0]?.oid ?? 0 });

fn('pg_collation_for', {
  impl: (_value: Value, info: CallInfo) => {
    const type = info.argTypes[0] ?? info.resultType;
    if (type.collation === 0 && type.oid !== 705) {
      throw pgError(
        SqlState.datatypeMismatch,
        `collations are not supported by type ${info.io.names.toText('regtype', type.oid)}`,
      );
    }
    return info.collation === 0 ? null : info.io.names.toText('regcollation', info.collation);
  },
});

fn('pg_column_size', {
  impl: (value: Value, info: CallInfo) =>
    value === null ? null : sizeOf(value, storageType(info.argTypes[0] ?? info.resultType, info.io), info),
});
fn('pg_column_compression', { impl: () => null });
fn('pg_column_toast_chunk_id', { impl: () => null });

/** Bytes that PostgreSQL needs for a value in memory: a 4-byte header before variable-length ones. */
function sizeOf(value: Value, type: TypeDescriptor, info: CallInfo): number {
  if (type.length > 0) return type.length;
  if (type.length === -2) return Buffer.byteLength(value as string) + 1;
  if (value instanceof Numeric) return numericSize(value);
  if (value instanceof PgArray) return arraySize(value, info);
  if (value instanceof PgRecord) {
    const nullBytes = value.values.includes(null) ? Math.ceil(value.values.length / 8) : 0;
    return (
      aligned(23 + nullBytes, 8) +
      partsSize(
        value.values,
        value.fields.map((field) => field.type),
        info,
      )
    );
  }
  if (typeof value === 'string') return 4 + Buffer.byteLength(value);
  const writer = new ByteWriter();
  type.behaviour.store?.(value, type, writer, info.io);
  return 4 + writer.length;
}

function numericSize(value: Numeric): number {
  if (!value.isFinite) return 6;
  const { digits, weight } = base10000(value);
  const short = value.scale <= 63 && weight >= -64 && weight <= 63;
  return 4 + (short ? 2 : 4) + digits.length * 2;
}

function arraySize(array: PgArray, info: CallInfo): number {
  const header = 16 + 8 * array.dimensions.length;
  const bitmap = array.elements.includes(null) ? Math.ceil(array.elements.length / 8) : 0;
  const start = bitmap === 0 ? header : aligned(header + bitmap, 8);
  return (
    start +
    partsSize(
      array.elements,
      array.elements.map(() => array.elementType),
      info,
    )
  );
}

function partsSize(values: readonly Value[], types: readonly number[], info: CallInfo): number {
  let size = 0;
  values.forEach((value, at) => {
    if (value === null) return;
    const type = storageType(info.io.typeByOid(types[at] as number), info.io);
    const alignment = type.length === -1 ? 4 : type.length === 16 ? 1 : Math.min(Math.max(type.length, 1), 8);
    size = aligned(size, alignment) + sizeOf(value, type, info);
  });
  return size;
}

function aligned(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}
