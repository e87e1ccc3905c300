// Polymorphic arguments of a call: the concrete types that anyelement, anyarray and the like stand for.
import type { Catalog } from '../../catalog/api.js';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';

interface Argument {
  readonly type: number;
  readonly mode: string;
  readonly name: string;
}

/** Families of polymorphic types: their element, array, range and multirange members. */
const families = [
  { elements: [2283, 2776, 3500], array: 2277, range: 3831, multirange: 4537 },
  { elements: [5077, 5079], array: 5078, range: 5080, multirange: 4538 },
] as const;

export interface Resolved {
  readonly args: readonly Argument[];
  readonly returnType: number;
}

/** All arguments of a function with the types that they have in a call with these input types. */
export function resolvePolymorphic(
  catalog: Catalog,
  descriptor: FunctionDescriptor,
  actual: readonly number[],
  resultType: number,
): Resolved {
  const { allArgTypes, argTypes, argModes, argNames } = descriptor;
  const types = allArgTypes ?? argTypes;
  const modes = argModes ?? types.map(() => 'i');
  const known = new Map<number, number>();
  let input = 0;
  const inputs = types.map((type, index) => {
    const mode = modes[index] ?? 'i';
    if (mode === 'o' || mode === 't') return type;
    const given = actual[input] ?? type;
    input += 1;
    learn(catalog, known, type, given);
    return type;
  });
  complete(catalog, known);
  const args = inputs.map((type, index) => ({
    type: concrete(known, type),
    mode: modes[index] ?? 'i',
    name: argNames?.[index] ?? '',
  }));
  const returned = isPolymorphic(descriptor.returnType) ? resultType : descriptor.returnType;
  return { args, returnType: returned };
}

function isPolymorphic(type: number): boolean {
  return families.some(
    ({ elements, array, range, multirange }) =>
      (elements as readonly number[]).includes(type) || [array, range, multirange].includes(type as never),
  );
}

function concrete(known: ReadonlyMap<number, number>, type: number): number {
  return known.get(type) ?? type;
}

/** Notes what an argument's actual type says of its family. */
function learn(catalog: Catalog, known: Map<number, number>, declared: number, given: number): void {
  const family = families.find(
    ({ elements, array, range, multirange }) =>
      (elements as readonly number[]).includes(declared) || [array, range, multirange].includes(declared as never),
  );
  if (family === undefined) return;
  const set = (type: number, value: number): void => {
    if (value !== 0 && !known.has(type)) known.set(type, value);
  };
  const base = catalog.typeByOid(catalog.baseType(given));
  if (declared === family.array) {
    set(family.array, base.oid);
    for (const element of family.elements) set(element, base.element);
  } else if (declared === family.range) {
    set(family.range, base.oid);
    set(family.multirange, base.range?.multirangeType ?? 0);
    for (const element of family.elements) set(element, base.range?.subtype ?? 0);
  } else if (declared === family.multirange) {
    set(family.multirange, base.oid);
    set(family.range, base.range?.rangeType ?? 0);
    for (const element of family.elements) set(element, base.range?.subtype ?? 0);
  } else {
    for (const element of family.elements) set(element, given);
    set(family.array, catalog.typeByOid(given).array);
  }
}

/** What follows from an element type alone: its array type. */
function complete(catalog: Catalog, known: Map<number, number>): void {
  for (const { elements, array } of families) {
    const element = known.get(elements[0]);
    if (element !== undefined && !known.has(array)) known.set(array, catalog.typeByOid(element).array);
  }
}
