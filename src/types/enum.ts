// Enums: the value is the oid of its pg_enum row; order is by enumsortorder, so that ADD VALUE ... BEFORE needs no
// rewrite of keys.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { IoContext } from './io-context.js';
import { float64SortKey } from './sort-key.js';
import { defineType } from './type-behaviour.js';
import type { EnumLabel, TypeDescriptor } from './type-descriptor.js';

defineType<number>({
  symbol: 'enum_in',
  storage: 'uint4',
  input: (text, type, _typmod, io) => enumOid(text, type, io),
  output: (value, type) => enumLabel(value, type).label,
  receive: (reader, type, _typmod, io) => enumOid(reader.utf8(reader.remaining), type, io),
  send: (value, type, writer) => void writer.utf8(enumLabel(value, type).label),
  compare: compareEnums,
  hashKey: (value) => value,
  sortKey: (value, type, writer) => float64SortKey(enumLabel(value, type).sortOrder, writer),
});

/** Order of two values of one enum type. */
export function compareEnums(left: number, right: number, type: TypeDescriptor): number {
  return left === right ? 0 : enumLabel(left, type).sortOrder - enumLabel(right, type).sortOrder;
}

interface EnumIndex {
  readonly byLabel: ReadonlyMap<string, EnumLabel>;
  readonly byOid: ReadonlyMap<number, EnumLabel>;
}

const indexes = new WeakMap<readonly EnumLabel[], EnumIndex>();

function indexOf(type: TypeDescriptor): EnumIndex {
  let index = indexes.get(type.enumLabels);
  if (index === undefined) {
    index = {
      byLabel: new Map(type.enumLabels.map((label) => [label.label, label])),
      byOid: new Map(type.enumLabels.map((label) => [label.oid, label])),
    };
    indexes.set(type.enumLabels, index);
  }
  return index;
}

function enumOid(text: string, type: TypeDescriptor, io: IoContext): number {
  const label = indexOf(type).byLabel.get(text);
  if (label === undefined) {
    throw pgError(
      SqlState.invalidTextRepresentation,
      `invalid input value for enum ${io.names.toText('regtype', type.oid)}: "${text}"`,
    );
  }
  requireSafe(label, type, io);
  return label.oid;
}

/** 55P04 for a value that the running transaction has added. */
export function requireSafe(label: EnumLabel, type: TypeDescriptor, io: IoContext): void {
  if (!io.isUnsafeEnumValue?.(label.oid)) return;
  throw pgError(
    SqlState.unsafeNewEnumValueUsage,
    `unsafe use of new value "${label.label}" of enum type ${io.names.toText('regtype', type.oid)}`,
    { hint: 'New enum values must be committed before they can be used.' },
  );
}

function enumLabel(oid: number, type: TypeDescriptor): EnumLabel {
  const label = indexOf(type).byOid.get(oid);
  if (label === undefined) {
    throw pgError(SqlState.invalidBinaryRepresentation, `invalid internal value for enum: ${oid}`);
  }
  return label;
}
