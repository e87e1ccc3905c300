// A native pipeline as the addon reads it (native/crates/pipelines/src/program.rs, kernels/src/expression.rs): a scan with
// its filter and aggregation. Sent as JSON, once for each run.
import type { TypeDescriptor } from '../types/type-descriptor.js';

/** Physical form of a kernel's values. */
export type PipelineForm = 'bool' | 'int4' | 'int8' | 'float8' | 'decimal' | 'bytes';

/** How values of a type stand in rows. */
type StoredForm = 'bool' | 'int2' | 'int4' | 'uint4' | 'int8' | 'float8' | 'numeric' | 'bytes';

/** A type as pipelines know it. */
export interface PipelineType {
  readonly stored: StoredForm;
  readonly form: PipelineForm;
  /** Bytes of a stored value, 0 where they vary. */
  readonly width: 0 | 1 | 2 | 4 | 8;
  /** char(n): trailing spaces don't count. */
  readonly padded: boolean;
}

export interface PipelineProgram {
  readonly columns: readonly PipelineColumn[];
  readonly filter: readonly PipelineExpression[];
  readonly keys: readonly PipelineKey[];
  readonly aggregates: readonly PipelineAggregate[];
  /** Wanted are, instead of groups, the rowids of the rows that pass the filter, as float8. */
  readonly rowids: boolean;
}

export interface PipelineColumn {
  /** From 0. */
  readonly attribute: number;
  readonly stored: StoredForm;
  readonly missingIsNull: boolean;
}

export interface PipelineKey {
  readonly value: PipelineExpression;
  readonly width: number;
  readonly padded: boolean;
}

export interface PipelineAggregate {
  readonly kind: 'countRows' | 'count' | 'countDistinct' | 'sum' | 'sumFloat' | 'min' | 'max' | 'and' | 'or';
  readonly arg: PipelineExpression | null;
  readonly filter: PipelineExpression | null;
  /** Of the result. */
  readonly width: number;
  readonly padded: boolean;
}

export type PipelineExpression =
  | { readonly kind: 'column'; readonly column: number }
  | PipelineConstant
  | {
      readonly kind: 'call';
      /** pg_proc.prosrc. */
      readonly function: string;
      readonly args: readonly PipelineExpression[];
      /** Its collation orders strings by their bytes. */
      readonly bytewise: boolean;
    }
  | { readonly kind: 'and' | 'or'; readonly args: readonly PipelineExpression[] }
  | { readonly kind: 'not'; readonly arg: PipelineExpression }
  | { readonly kind: 'isNull'; readonly arg: PipelineExpression; readonly negated: boolean }
  | {
      readonly kind: 'isTruth';
      readonly arg: PipelineExpression;
      readonly truth: boolean;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'anyOf';
      readonly arg: PipelineExpression;
      readonly values: readonly PipelineExpression[];
      readonly padded: boolean;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'case';
      readonly arms: readonly (readonly [PipelineExpression, PipelineExpression])[];
      readonly otherwise: PipelineExpression;
    }
  | { readonly kind: 'coalesce'; readonly args: readonly PipelineExpression[] };

export interface PipelineConstant {
  readonly kind: 'constant';
  readonly form: PipelineForm;
  /** Whole numbers in digits, a float8's bits, a numeric's coefficient; null is null. */
  readonly value: string | null;
  readonly scale?: number;
}

/** By typinput symbol. */
const types: ReadonlyMap<string, PipelineType> = new Map(
  (
    [
      ['boolin', 'bool', 'bool', 1],
      ['int2in', 'int2', 'int4', 2],
      ['int4in', 'int4', 'int4', 4],
      ['oidin', 'uint4', 'int8', 4],
      ['int8in', 'int8', 'int8', 8],
      ['cash_in', 'int8', 'int8', 8],
      ['date_in', 'int4', 'int4', 4],
      ['time_in', 'int8', 'int8', 8],
      ['timestamp_in', 'int8', 'int8', 8],
      ['timestamptz_in', 'int8', 'int8', 8],
      ['float8in', 'float8', 'float8', 8],
      ['numeric_in', 'numeric', 'decimal', 0],
      ['textin', 'bytes', 'bytes', 0],
      ['varcharin', 'bytes', 'bytes', 0],
      ['bpcharin', 'bytes', 'bytes', 0],
    ] as const
  ).map(([symbol, stored, form, width]) => [symbol, { stored, form, width, padded: symbol === 'bpcharin' }]),
);

/** The type (a domain's base type) as pipelines know it; null where they don't. */
export function pipelineType(type: TypeDescriptor): PipelineType | null {
  return types.get(type.behaviour.symbol) ?? null;
}
