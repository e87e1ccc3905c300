// From a table's RowLayout to what encoding and decoding need for each attribute: how the value stands in the stored row
// and in column batches. Domains are stored as their base type.
import type { StorageClass, TypeBehaviour, TypeLookup } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import type { LayoutAttribute, RowLayout } from './api.js';
import { type PayloadSize, payloadSize } from './payload-size.js';
import { alignmentBytes, toastTargetDefault, typeAlignment } from './tuple-size.js';
import type { ToastableAttribute } from './tuple-toast.js';

/** A table's attributes, and how its rows go on pages. */
export interface StoredLayout {
  readonly attributes: readonly StoredAttribute[];
  /** Bytes of each page that the fill factor keeps free. */
  readonly reservedBytes: number;
  readonly toastTarget: number;
  /** Rows that no page could hold are refused. */
  readonly isBounded: boolean;
}

export interface StoredAttribute extends ToastableAttribute {
  /** Base type of domains; null for a dropped attribute. */
  readonly type: TypeDescriptor | null;
  readonly behaviour: TypeBehaviour | null;
  readonly storage: StorageClass;
  /** The row format's code of a value (native/crates/columns/README.md). */
  readonly code: number;
  /** Bytes of a value in the fixed part; 0 for varlen. */
  readonly width: number;
  /** Measures a variable-length value as PostgreSQL stores it; null where the stored form is as long. */
  readonly payloadSize: PayloadSize | null;
  readonly missing: Value;
}

const pageBytes = 8192;

/** The stored form of a layout. */
export function storedLayout(layout: RowLayout, types: TypeLookup): StoredLayout {
  return {
    attributes: storedAttributes(layout, types),
    reservedBytes: Math.floor((pageBytes * (100 - (layout.fillFactor ?? 100))) / 100),
    toastTarget: layout.toastTupleTarget ?? toastTargetDefault,
    isBounded: layout.attributes.some((attribute) => attribute.storage !== undefined),
  };
}

/** The stored form of each attribute of a layout. */
export function storedAttributes(layout: RowLayout, types: TypeLookup): readonly StoredAttribute[] {
  return layout.attributes.map((attribute) => {
    const type = attribute.type === null ? null : baseType(attribute.type, types);
    const behaviour = type === null ? null : type.behaviour;
    const storage = behaviour === null ? 'varlen' : behaviour.storage;
    return {
      type,
      behaviour,
      storage,
      ...forms[storage],
      ...tupleForm(attribute, type),
      missing: attribute.missing,
    };
  });
}

function tupleForm(attribute: LayoutAttribute, type: TypeDescriptor | null) {
  if (type === null) return { heapLength: 1, alignMask: 0, packs: false, strategy: 'p', payloadSize: null };
  const strategy = attribute.storage ?? 'x';
  return {
    heapLength: type.length,
    alignMask: (attribute.align === undefined ? typeAlignment(type) : alignmentBytes(attribute.align)) - 1,
    packs: strategy !== 'p',
    strategy,
    payloadSize: type.length === -1 ? payloadSize(type) : null,
  };
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
