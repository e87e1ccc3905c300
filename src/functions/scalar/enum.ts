// Enum support: first, last and ranges of values.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { requireSafe } from '../../types/enum.js';
import { storageType } from '../../types/domain.js';
import { PgArray } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';

function enumType(info: CallInfo, at = 0): TypeDescriptor {
  const type = storageType(info.argTypes[at] ?? info.resultType, info.io);
  if (type.kind !== 'e') throw pgError(SqlState.featureNotSupported, 'could not determine actual enum type');
  return type;
}

/** Oids of a type's values in order; `from` and `to` bound them. */
function values(type: TypeDescriptor, info: CallInfo, from = 0, to = type.enumLabels.length): number[] {
  return type.enumLabels.slice(from, to).map((label) => {
    requireSafe(label, type, info.io);
    return label.oid;
  });
}

function emptyEnum(type: TypeDescriptor): Error {
  return pgError(SqlState.objectNotInPrerequisiteState, `enum ${type.name} contains no values`);
}

fn('enum_first', {
  impl: (_value: number | null, info: CallInfo) => {
    const type = enumType(info);
    const first = values(type, info, 0, 1)[0];
    if (first === undefined) throw emptyEnum(type);
    return first;
  },
});
fn('enum_last', {
  impl: (_value: number | null, info: CallInfo) => {
    const type = enumType(info);
    const last = values(type, info, Math.max(type.enumLabels.length - 1, 0)).pop();
    if (last === undefined) throw emptyEnum(type);
    return last;
  },
});
fn('enum_range_all', {
  impl: (_value: number | null, info: CallInfo) => {
    const type = enumType(info);
    return PgArray.of(type.oid, values(type, info));
  },
});
fn('enum_range_bounds', {
  impl: (low: number | null, high: number | null, info: CallInfo) => {
    const type = enumType(info);
    const place = (value: number): number => type.enumLabels.findIndex(({ oid }) => oid === value);
    const from = low === null ? 0 : place(low);
    const to = high === null ? type.enumLabels.length : place(high) + 1;
    return PgArray.of(type.oid, values(type, info, from, to));
  },
});
