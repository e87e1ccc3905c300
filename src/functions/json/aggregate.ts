// json(b)_agg and json(b)_object_agg with their strict and unique variants: transition and final functions.
// The state collects the finished pieces; whether nulls count and keys may repeat is the variant's.
import { quoteJson } from '../../types/json-types.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { invalid } from './access.js';
import { duplicateKey, nullKey } from './build.js';
import { isCompound, keyText, valueToJson, valueToNode } from './from-value.js';

interface State<T> {
  readonly internal: true;
  readonly parts: T[];
}

for (const strict of [false, true]) {
  const suffix = strict ? 'agg_strict_transfn' : 'agg_transfn';
  fn(`json_${suffix}`, {
    impl: (state: State<string> | null, value: Value, info: CallInfo): State<string> => {
      const target = state ?? { internal: true, parts: [] };
      if (strict && value === null) return target;
      const type = argType(info, 1);
      const separator = target.parts.length === 0 ? '' : value !== null && isCompound(type, info.io) ? ', \n ' : ', ';
      target.parts.push(separator + valueToJson(value, type, info.io));
      return target;
    },
  });
  fn(`jsonb_${suffix}`, {
    impl: (state: State<JsonbNode> | null, value: Value, info: CallInfo): State<JsonbNode> => {
      const target = state ?? { internal: true, parts: [] };
      if (!strict || value !== null) target.parts.push(valueToNode(value, argType(info, 1), info.io));
      return target;
    },
  });
}
fn('json_agg_finalfn', {
  impl: (state: State<string> | null) => (state === null ? null : `[${state.parts.join('')}]`),
});
fn('jsonb_agg_finalfn', {
  impl: (state: State<JsonbNode> | null) => (state === null ? null : new Jsonb([...state.parts])),
});

function argType(info: CallInfo, at: number): TypeDescriptor {
  return info.argTypes[at] ?? info.resultType;
}

interface ObjectState<T> extends State<readonly [string, T]> {
  /** Keys met so far, of the unique variants. */
  readonly keys: Set<string>;
}

interface Variant {
  readonly strict: boolean;
  readonly unique: boolean;
}

for (const unique of [false, true]) {
  for (const strict of [false, true]) {
    const suffix = `object_agg${unique ? '_unique' : ''}${strict ? '_strict' : ''}_transfn`;
    fn(`json_${suffix}`, {
      impl: (state: ObjectState<string> | null, key: Value, value: Value, info: CallInfo) => {
        const target = state ?? { internal: true, parts: [], keys: new Set() };
        if (key === null) throw nullKey();
        addText(target, key, value, info, { strict, unique });
        return target;
      },
    });
    fn(`jsonb_${suffix}`, {
      impl: (state: ObjectState<JsonbNode> | null, key: Value, value: Value, info: CallInfo) => {
        const target = state ?? { internal: true, parts: [], keys: new Set() };
        if (key === null) throw invalid('field name must not be null');
        addNode(target, key, value, info, { strict, unique });
        return target;
      },
    });
  }
}

function addText(state: ObjectState<string>, key: Value, value: Value, info: CallInfo, variant: Variant): void {
  const isSkipped = variant.strict && value === null;
  // A skipped pair's key counts as met only where keys are unique, as in PostgreSQL.
  if (isSkipped && !variant.unique) return;
  const name = keyText(key, argType(info, 1), info.io);
  if (variant.unique) {
    if (state.keys.has(name)) throw duplicateKey(name);
    state.keys.add(name);
  }
  if (!isSkipped) state.parts.push([name, valueToJson(value, argType(info, 2), info.io)]);
}

function addNode(state: ObjectState<JsonbNode>, key: Value, value: Value, info: CallInfo, variant: Variant): void {
  const isSkipped = variant.strict && value === null;
  if (isSkipped && !variant.unique) return;
  const name = keyText(key, argType(info, 1), info.io);
  if (variant.unique) {
    if (state.keys.has(name)) throw duplicateKey(null);
    state.keys.add(name);
  }
  if (!isSkipped) state.parts.push([name, valueToNode(value, argType(info, 2), info.io)]);
}

fn('json_object_agg_finalfn', {
  impl: (state: ObjectState<string> | null) =>
    state === null ? null : `{ ${state.parts.map(([key, value]) => `${quoteJson(key)} : ${value}`).join(', ')} }`,
});
fn('jsonb_object_agg_finalfn', {
  impl: (state: ObjectState<JsonbNode> | null) => (state === null ? null : new Jsonb(JsonbObject.from(state.parts))),
});
