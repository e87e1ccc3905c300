// What the rooms know of a type: its pg_type row and, resolved by the symbols that the row names, its behaviour.
import type { TypeBehaviour } from './type-behaviour.js';

/** A pg_type row with its behaviour. Frozen; replaced as a whole when the catalog changes. */
export interface TypeDescriptor {
  readonly oid: number;
  readonly name: string;
  readonly schema: number;
  readonly owner: number;
  /** typlen: bytes, -1 varlena, -2 cstring. */
  readonly length: number;
  readonly byValue: boolean;
  /** typtype: base, composite, domain, enum, pseudo, range, multirange. */
  readonly kind: 'b' | 'c' | 'd' | 'e' | 'p' | 'r' | 'm';
  readonly category: string;
  readonly isPreferred: boolean;
  readonly isDefined: boolean;
  readonly delimiter: string;
  /** typrelid: pg_class oid of a composite type, else 0. */
  readonly relation: number;
  /** typsubscript is array_subscript_handler / raw_array_subscript_handler / jsonb_subscript_handler, or 0. */
  readonly subscriptHandler: string;
  /** typelem, 0 where it can't be subscripted as an array. */
  readonly element: number;
  /** typarray, 0 where there is no array type over it. */
  readonly array: number;
  /** Domains: base type and its modifier, NOT NULL; else 0, -1, false. */
  readonly baseType: number;
  readonly typmod: number;
  readonly notNull: boolean;
  readonly collation: number;
  /** Symbols of typmodin/typmodout, '' where the type takes no modifier. */
  readonly typmodIn: string;
  readonly typmodOut: string;
  readonly input: string;
  readonly output: string;
  readonly behaviour: TypeBehaviour;
  /** Composite types: their live attributes, in order (dropped ones are left out); else empty. */
  readonly attributes: readonly TypeAttribute[];
  /** Enums: labels in sort order; else empty. */
  readonly enumLabels: readonly EnumLabel[];
  /** Ranges and multiranges: their pg_range row. */
  readonly range?: RangeFacts | undefined;
}

export interface RangeFacts {
  readonly rangeType: number;
  readonly multirangeType: number;
  readonly subtype: number;
  /** What bounds are compared under; 0 where the subtype has none. */
  readonly collation: number;
  /** Symbol of the function that makes ranges canonical; '' for continuous types. */
  readonly canonical: string;
}

export interface TypeAttribute {
  readonly name: string;
  readonly number: number;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
}

export interface EnumLabel {
  readonly oid: number;
  readonly label: string;
  readonly sortOrder: number;
}
