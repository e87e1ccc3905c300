// From a table's RowLayout to what encoding and decoding need for each attribute: how the value stands in the stored row
// and in column batches. Domains are stored as their base type.
import type { StorageClass, TypeBehaviour, TypeLookup } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import type { RowLayout } from './api.js';

export interface StoredAttribute {
  /** Base type of domains; null for a dropped attribute. */
  readonly type: TypeDescriptor | null;
  readonly behaviour: TypeBehaviour | null;
  readonly storage: StorageClass;
  /** The row format's code of a value (native/crates/columns/README.md). */
  readonly code: number;
  /** Bytes of a value in the fixed part; 0 for varlen. */
  readonly width: number;
  readonly missing: Value;
}

/** The stored form of each attribute of a layout. */
export function storedAttributes(layout: RowLayout, types: TypeLookup): readonly StoredAttribute[] {
  return layout.attributes.map((attribute) => {
    const type = attribute.type === null ? null : baseType(attribute.type, types);
    const behaviour = type === null ? null : type.behaviour;
    const storage = behaviour === null ? 'varlen' : behaviour.storage;
    return { type, behaviour, storage, ...forms[storage], missing: attribute.missing };
  });
}

function baseType(type: TypeDescriptor, types: TypeLookup): TypeDescriptor {
  return type.kind === 'd' ? baseType(types.typeByOid(type.baseType), types) : type;
}

const forms: Record<StorageClass, { readonly code: number; readonly width: number }> = {
  bool: { code: 1, width: 1 },
  int2: { code: 2, width: 2 },
  int4: { code: 3, width: 4 },
  uint4: { code: 3, width: 4 },
  float4: { code: 3, width: 4 },
  int8: { code: 4, width: 8 },
  float8: { code: 4, width: 8 },
  varlen: { code: 5, width: 0 },
};
