// Runs a generated call on our registry alone: literals through the types' input, the implementation, the result's
// output. No server is needed; what the analyzer and executor do around a call is imitated in the plainest way.
import { readDataFile } from '../../src/catalog/data-files.js';
import { PgError } from '../../src/errors/pg-error.js';
import '../../src/functions/index.js';
import type { CallInfo, SessionServices } from '../../src/functions/call-info.js';
import { builtinFunction } from '../../src/functions/registry.js';
import { domainBehaviour } from '../../src/types/domain.js';
import type { IoContext } from '../../src/types/io-context.js';
import { typeBehaviour } from '../../src/types/type-behaviour.js';
import type { TypeDescriptor } from '../../src/types/type-descriptor.js';
import { PgArray, type Value } from '../../src/types/value.js';
import type { Call } from './generator.js';

const byName = new Map<string, TypeDescriptor>();
const byOid = new Map<number, TypeDescriptor>();

/** Fills the type table from the exported pg_type rows; `formatted` maps oids to format_type's names. */
export function loadTypes(formatted: ReadonlyMap<number, string>): void {
  const symbols = new Map(readDataFile('pg_proc').map((row) => [row[0], row[25] ?? '']));
  for (const row of readDataFile('pg_type')) {
    const [
      oid,
      name,
      schema,
      owner,
      length,
      byValue,
      kind,
      category,
      preferred,
      defined,
      delimiter,
      relation,
      subscript,
      element,
      array,
      input,
      output,
      ,
      ,
      modIn,
      modOut,
    ] = row as string[];
    const descriptor: TypeDescriptor = {
      oid: Number(oid),
      name: name ?? '',
      schema: Number(schema),
      owner: Number(owner),
      length: Number(length),
      byValue: byValue === 't',
      kind: (kind ?? 'b') as TypeDescriptor['kind'],
      category: category ?? '',
      isPreferred: preferred === 't',
      isDefined: defined === 't',
      delimiter: delimiter ?? ',',
      relation: Number(relation),
      subscriptHandler: symbols.get(subscript ?? '') ?? '',
      element: Number(element),
      array: Number(array),
      baseType: 0,
      typmod: -1,
      notNull: false,
      collation: ['text', 'varchar', 'bpchar', 'name'].includes(name ?? '') ? 100 : 0,
      typmodIn: symbols.get(modIn ?? '') ?? '',
      typmodOut: symbols.get(modOut ?? '') ?? '',
      input: symbols.get(input ?? '') ?? '',
      output: symbols.get(output ?? '') ?? '',
      behaviour: typeBehaviour(symbols.get(input ?? '') ?? '') ?? domainBehaviour('varlen'),
      attributes: [],
      enumLabels: [],
    };
    byOid.set(descriptor.oid, descriptor);
    byName.set(formatted.get(descriptor.oid) ?? descriptor.name, descriptor);
  }
}

const io: IoContext = {
  collationOid: 0,
  collation: () => null,
  typeByOid: (oid) => {
    const type = byOid.get(oid);
    if (type === undefined) throw new Error(`no type ${oid}`);
    return type;
  },
  dateStyle: 'ISO',
  dateOrder: 'MDY',
  intervalStyle: 'postgres',
  timeZone: 'UTC',
  extraFloatDigits: 1,
  byteaOutput: 'hex',
  lcMonetary: 'C',
  xmlOption: 'content',
  transactionTimestamp: 0n,
  statementTimestamp: 0n,
  names: {
    toOid: () => 0,
    toText: (_kind, oid) => [...byName].find(([, type]) => type.oid === oid)?.[0] ?? String(oid),
    roleName: (oid) => (oid === 10 ? 'postgres' : null),
    roleOid: (name) => (name === 'postgres' ? 10 : null),
  },
};

const session: SessionServices = {
  service: (key) => {
    throw new Error(`no service ${key.name}`);
  },
  notice: () => undefined,
  setting: () => null,
  random: { next: () => 0.5, nextBits: () => 1n, seed: () => undefined },
};

export interface Outcome {
  readonly values: readonly (string | null)[];
  /** SQLSTATE and message, null without an error; an exception of ours is XX000 with its stack. */
  readonly error: string | null;
}

/** Runs the call; null where its symbol is not built. */
export function runDirect(call: Call, aggregate: AggregateSymbols | null): Outcome | null {
  const { signature } = call;
  try {
    const inputs = call.rows.map((row) => row.map((text, at) => inputOf(text, signature.argTypes[at] as string)));
    if (aggregate !== null) return runAggregate(call, aggregate, inputs);
    const entry = builtinFunction(signature.symbol);
    if (entry === undefined || entry.kind === 'window') return null;
    const args = inputs[0] ?? [];
    if (signature.isStrict && args.includes(null)) return { values: signature.returnsSet ? [] : [null], error: null };
    const info = callInfo(signature.argTypes.map(typeNamed), typeNamed(signature.resultType));
    if (entry.kind === 'scalar') return { values: [outputOf(entry.impl(...args, info), info.resultType)], error: null };
    const values: (string | null)[] = [];
    for (const value of entry.rows(...args, info) as Iterable<Value>) {
      if (values.length >= 20) break;
      values.push(outputOf(value, info.resultType));
    }
    return { values, error: null };
  } catch (error) {
    return { values: [], error: errorText(error) };
  }
}

/** Reads a literal as a type (`name(modifiers)`) and prints it again. */
export function runInput(text: string, typeName: string): Outcome {
  try {
    const [, name = typeName, modifiers] = /^(.*?)(?:\((.*)\))?$/.exec(typeName) ?? [];
    const type = typeNamed(name);
    const modifierInput = modifiers === undefined ? undefined : builtinFunction(type.typmodIn);
    const typmod =
      modifierInput?.kind === 'scalar'
        ? (modifierInput.impl(PgArray.of(2275, (modifiers ?? '').split(','))) as number)
        : -1;
    // The literal is read without a modifier and then cast, as an explicit cast in SQL does.
    const value = type.behaviour.input(text, type, -1, io);
    const cast = typmod < 0 ? undefined : builtinFunction(casts[name] ?? '');
    const result = cast?.kind === 'scalar' ? (cast.impl(value, typmod, true) as Value) : value;
    return { values: [type.behaviour.output(result, type, io)], error: null };
  } catch (error) {
    return { values: [], error: errorText(error) };
  }
}

const casts: Readonly<Record<string, string>> = {
  bit: 'bit',
  'bit varying': 'varbit',
  character: 'bpchar',
  'character varying': 'varchar',
  numeric: 'numeric',
};

export interface AggregateSymbols {
  readonly transition: string;
  readonly transitionStrict: boolean;
  readonly final: string;
  readonly finalExtra: boolean;
  readonly finalStrict: boolean;
  readonly stateType: string;
  readonly initial: string | null;
}

function runAggregate(call: Call, symbols: AggregateSymbols, rows: readonly (readonly Value[])[]): Outcome | null {
  const transition = builtinFunction(symbols.transition);
  const final = symbols.final === '-' ? null : builtinFunction(symbols.final);
  if (transition?.kind !== 'scalar' || final === undefined || (final !== null && final.kind !== 'scalar')) return null;
  const argTypes = call.signature.argTypes.map(typeNamed);
  const resultType = typeNamed(call.signature.resultType);
  const stateType = byName.get(symbols.stateType) ?? resultType;
  const info = callInfo([stateType, ...argTypes], stateType);
  let state: Value = symbols.initial === null ? null : stateType.behaviour.input(symbols.initial, stateType, -1, io);
  let needsFirst = symbols.transitionStrict && state === null;
  for (const row of rows) {
    if (symbols.transitionStrict && row.includes(null)) continue;
    if (needsFirst) {
      state = row[0] ?? null;
      needsFirst = false;
    } else if (!(symbols.transitionStrict && state === null)) {
      state = transition.impl(state, ...row, info) as Value;
    }
  }
  if (final !== null) {
    const extra = symbols.finalExtra ? argTypes.map(() => null) : [];
    state =
      symbols.finalStrict && state === null
        ? null
        : (final.impl(state, ...extra, callInfo([stateType, ...argTypes], resultType)) as Value);
  }
  return { values: [outputOf(state, resultType)], error: null };
}

function callInfo(argTypes: readonly TypeDescriptor[], resultType: TypeDescriptor): CallInfo {
  const collation = argTypes.some((type) => type.collation !== 0) ? 100 : 0;
  return { argTypes, resultType, collation, io, session, isVariadic: false, memo: undefined };
}

function typeNamed(name: string): TypeDescriptor {
  const type = byName.get(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

function inputOf(text: string | null, typeName: string): Value {
  const type = typeNamed(typeName);
  return text === null ? null : type.behaviour.input(text, type, -1, io);
}

function outputOf(value: Value | undefined, type: TypeDescriptor): string | null {
  return value === null || value === undefined ? null : type.behaviour.output(value, type, io);
}

function errorText(error: unknown): string {
  if (error instanceof PgError) {
    const { detail, hint } = error.fields;
    return [error.code, error.message, detail ?? '', hint ?? ''].join('|');
  }
  return `XX000|${error instanceof Error ? error.stack : String(error)}`;
}
