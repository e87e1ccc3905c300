// Values inside other values' stored form (array elements, fields of composites): fixed-size ones as themselves,
// varlen ones behind a length word. Rows keep the same forms in their fixed and varlen parts.
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { defined } from '../errors/unreachable.js';
import { storageType } from './domain.js';
import type { TypeLookup } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';
import type { Value } from './value.js';

/** Appends a value that is not null. */
export function storeEmbedded(value: Value, declared: TypeDescriptor, writer: ByteWriter, io: TypeLookup): void {
  const type = storageType(declared, io);
  switch (type.behaviour.storage) {
    case 'bool':
      return writer.uint8(value === true ? 1 : 0);
    case 'int2':
      return writer.int16(value as number);
    case 'int4':
      return writer.int32(value as number);
    case 'uint4':
      return writer.uint32(value as number);
    case 'int8':
      return writer.int64(value as bigint);
    case 'float4':
      return writer.float32(value as number);
    case 'float8':
      return writer.float64(value as number);
    case 'varlen': {
      const start = writer.length;
      writer.int32(0);
      defined(type.behaviour.store, `stored form of ${type.name}`)(value, type, writer, io);
      writer.patchInt32(start, writer.length - start - 4);
    }
  }
}

/** Reads back what `storeEmbedded` wrote. */
export function loadEmbedded(declared: TypeDescriptor, reader: ByteReader, io: TypeLookup): Value {
  const type = storageType(declared, io);
  switch (type.behaviour.storage) {
    case 'bool':
      return reader.uint8() !== 0;
    case 'int2':
      return reader.int16();
    case 'int4':
      return reader.int32();
    case 'uint4':
      return reader.uint32();
    case 'int8':
      return reader.int64();
    case 'float4':
      return reader.float32();
    case 'float8':
      return reader.float64();
    case 'varlen':
      return defined(type.behaviour.load, `stored form of ${type.name}`)(reader.sub(reader.int32()), type, io);
  }
}
