// What names in an SQL text stand for: the variables that its place in the function sees.
import type { VariableNames, VariableUse } from '../host.js';
import { findName } from '../scope.js';
import type { Datum, SqlText } from '../tree.js';
import { PgRecord } from '../../types/value.js';
import type { FunctionFrame } from './frame.js';
import { fieldShape } from './records.js';

export function variableNames(frame: FunctionFrame, sql: SqlText): VariableNames {
  const { fn } = frame;
  const target = sql.target === null ? null : (fn.datums[sql.target.datum] ?? null);
  return {
    conflict: fn.conflict,
    find(names, required) {
      const found = findName(sql.scope, names);
      if (found === null) return null;
      const datum = fn.datums[found.datum];
      if (datum === undefined) return null;
      if (found.nameCount === names.length) return useOf(frame, datum);
      if (datum.kind !== 'record' || found.nameCount !== names.length - 1) return null;
      return useOfField(frame, datum.number, names[names.length - 1] ?? '', required);
    },
    argument(number) {
      const found = findName(sql.scope, [`$${number}`]);
      const datum = found === null ? undefined : fn.datums[found.datum];
      return datum === undefined ? null : useOf(frame, datum);
    },
    target:
      target === null || target.kind === 'list'
        ? null
        : { ...useOf(frame, target), name: sql.target?.text.split('[')[0]?.trim() ?? '' },
  };
}

/** A variable as a parameter. A record's type is its declared one, of any shape: 2249. */
function useOf(frame: FunctionFrame, datum: Datum): VariableUse {
  switch (datum.kind) {
    case 'field': {
      const { type, typmod, collation } = fieldShape(frame, datum.number);
      return { number: datum.number, type, typmod, collation };
    }
    case 'list':
      return { number: datum.number, type: 2249, typmod: -1, collation: 0 };
    case 'variable': {
      const type = frame.fn.typeOf(datum);
      return { number: datum.number, type: type.oid, typmod: type.typmod, collation: type.collation };
    }
    case 'record': {
      const value = frame.values[datum.number];
      const own = datum.type.oid === 2249 && value instanceof PgRecord ? value.type : datum.type.oid;
      return { number: datum.number, type: own, typmod: -1, collation: 0 };
    }
    default:
      return datum;
  }
}

function useOfField(frame: FunctionFrame, record: number, name: string, required: boolean): VariableUse | null {
  const { fn } = frame;
  const datum = fn.fieldDatum(record, name);
  if (!required) {
    const shape = fn.rowShape(frame, record);
    if (!shape.some((field) => field.name === name)) return null;
  }
  return useOf(frame, datum);
}
