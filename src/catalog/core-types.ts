// Descriptors of the types that the catalogs' own columns have, known without reading pg_type: what breaks the circle
// between "rows need types" and "types are rows". Also the behaviour that stands in for a type nobody built yet.
import { notSupported } from '../errors/pg-error.js';
import { defined } from '../errors/unreachable.js';
import { type TypeBehaviour, type TypeLookup, typeBehaviour } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import { type CoreTypeFacts, coreTypeFacts } from './generated/core-types.js';
import { pgCatalogNamespace, bootstrapSuperuser } from './oids.js';

const descriptors = new Map<number, TypeDescriptor>();
const factsByOid = new Map(coreTypeFacts.map((facts) => [facts[0], facts]));

/** Descriptor of one of the types in generated/core-types.ts; null for any other. */
export function findCoreType(oid: number): TypeDescriptor | null {
  const known = descriptors.get(oid);
  if (known !== undefined) return known;
  const facts = factsByOid.get(oid);
  if (facts === undefined) return null;
  const descriptor = describe(facts);
  descriptors.set(oid, descriptor);
  return descriptor;
}

/** As findCoreType, for a type that is known to be one. */
export function coreType(oid: number): TypeDescriptor {
  return defined(findCoreType(oid), `core type ${oid}`);
}

export const coreTypeLookup: TypeLookup = { typeByOid: coreType };

/** The behaviour under a typinput symbol, or one that raises 0A000 naming the type when it is used. */
export function behaviourOf(symbol: string, typeName: string): TypeBehaviour {
  return typeBehaviour(symbol) ?? missingBehaviour(symbol, typeName);
}

function missingBehaviour(symbol: string, typeName: string): TypeBehaviour {
  const refuse = (): never => {
    throw notSupported(`type ${typeName}`);
  };
  return {
    symbol,
    storage: 'varlen',
    input: refuse,
    output: refuse,
    receive: refuse,
    send: refuse,
    store: refuse,
    load: refuse,
  };
}

function describe(facts: CoreTypeFacts): TypeDescriptor {
  const [
    oid,
    name,
    length,
    byValue,
    kind,
    category,
    isPreferred,
    delimiter,
    subscriptHandler,
    element,
    array,
    collation,
    input,
    output,
  ] = facts;
  return Object.freeze({
    oid,
    name,
    schema: pgCatalogNamespace,
    owner: bootstrapSuperuser,
    length,
    byValue,
    kind,
    category,
    isPreferred,
    isDefined: true,
    delimiter,
    relation: 0,
    subscriptHandler,
    element,
    array,
    baseType: 0,
    typmod: -1,
    notNull: false,
    collation,
    typmodIn: '',
    typmodOut: '',
    input,
    output,
    behaviour: behaviourOf(input, name),
    attributes: [],
    enumLabels: [],
  });
}
