// What a point statement is to the addon (native/crates/points): the numbers in which programs speak of types, and an
// expression's steps as they are written down.
import type { PointProgram } from '../../native/binding.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import { kindOf } from './copy-loader.js';

export type { PointProgram };

/** What a program does. */
export const pointAction = { begin: 0, commit: 1, rollback: 2, select: 3, update: 4, insert: 5 } as const;

/** Codes of an expression's steps: three numbers each, code, operand, second operand. */
export const stepCode = {
  parameter: 0,
  column: 1,
  number: 2,
  bytes: 3,
  null: 4,
  add: 5,
  subtract: 6,
  multiply: 7,
  now: 8,
  localNow: 9,
} as const;

/** Types that parameters may have, and results: those whose text and binary forms the addon writes. */
const parameterInputs: ReadonlySet<string> = new Set([
  'boolin',
  'int2in',
  'int4in',
  'int8in',
  'oidin',
  'textin',
  'varcharin',
]);
const resultInputs: ReadonlySet<string> = new Set([...parameterInputs, 'bpcharin']);

/** Kind and modifier of a type as a parameter's; null where it can't be one. */
export function parameterKind(type: TypeDescriptor): readonly [number, number] | null {
  return parameterInputs.has(type.input) ? kindOf(type, -1) : null;
}

/** The same for an output column. */
export function resultKind(type: TypeDescriptor): readonly [number, number] | null {
  return resultInputs.has(type.input) ? kindOf(type, -1) : null;
}

/** The same for a column that a value is stored in as it is. */
export function columnKind(type: TypeDescriptor): readonly [number, number] | null {
  return kindOf(type, -1);
}

/** A program that only says what it is; all else is empty. */
export function emptyProgram(action: number, text: string): PointProgram {
  return {
    action,
    text,
    catalogVersion: 0,
    parameters: [],
    database: 0,
    relation: 0,
    tableFile: 0,
    rowTag: 0,
    index: 0,
    indexFile: 0,
    attributes: 0,
    key: [],
    keyColumns: [],
    outputs: [],
    description: noBytes,
    isFetched: false,
    columns: [],
    values: [],
    indexes: [],
    reserved: 0,
    toastTarget: 0,
    numbers: [],
    bytes: [],
  };
}

const noBytes = Buffer.alloc(0);
