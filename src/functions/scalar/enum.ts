// Enum support: first, last and ranges of values.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { storageType } from '../../types/domain.js';
import { PgArray } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';

function enumType(info: CallInfo, at = 0): TypeDescriptor {
  const type = storageType(info.argTypes[at] ?? info.resultType, info.io);
  if (type.kind !== 'e') throw pgError(SqlState.featureNotSupported, 'could not determine actual enum type');
  return type;
}

/** Oids of a type's values in order. */
function values(type: TypeDescriptor): number[] {
  return type.enumLabels.map((label) => label.oid);
}

function emptyEnum(type: TypeDescriptor): Error {
  return pgError(SqlState.objectNotInPrerequisiteState, `enum ${type.name} contains no values`);
}

fn('enum_first', {
  impl: (_value: number | null, info: CallInfo) => {
    const type = enumType(info);
    const first = values(type)[0];
    if (first === undefined) throw emptyEnum(type);
    return first;
  },
});
fn('enum_last', {
  impl: (_value: number | null, info: CallInfo) => {
    const type = enumType(info);
    const last = values(type).pop();
    if (last === undefined) throw emptyEnum(type);
    return last;
  },
});
fn('enum_range_all', {
  impl: (_value: number | null, info: CallInfo) => {
    const type = enumType(info);
    return PgArray.of(type.oid, values(type));
  },
});
fn('enum_range_bounds', {
  impl: (low: number | null, high: number | null, info: CallInfo) => {
    const type = enumType(info);
    const all = values(type);
    const from = low === null ? 0 : all.indexOf(low);
    const to = high === null ? all.length : all.indexOf(high) + 1;
    return PgArray.of(type.oid, all.slice(from, to));
  },
});
