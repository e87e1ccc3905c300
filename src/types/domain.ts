// Domains: everything is the base type's, with the domain's own modifier, and its constraints checked on input.
// A domain's storage class is its base type's: `domainBehaviour` gives a domain's descriptor its behaviour.
import type { ByteReader } from '../base/bytes.js';
import { defined } from '../errors/unreachable.js';
import { defineType, type StorageClass, type TypeBehaviour, type TypeLookup } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';
import type { Value } from './value.js';

const varlenDomain = defineType<Value>({
  symbol: 'domain_in',
  storage: 'varlen',
  input: (text, type, _typmod, io) => {
    const base = baseOf(type, io);
    const value = base.behaviour.input(text, base, type.typmod, io);
    io.checkDomain?.(value, type);
    return value;
  },
  output: (value, type, io) => {
    const base = baseOf(type, io);
    return base.behaviour.output(value, base, io);
  },
  receive: (reader, type, _typmod, io) => {
    const base = baseOf(type, io);
    const value = base.behaviour.receive(reader, base, type.typmod, io);
    io.checkDomain?.(value, type);
    return value;
  },
  send: (value, type, writer, io) => {
    const base = baseOf(type, io);
    base.behaviour.send(value, base, writer, io);
  },
  store: (value, type, writer, io) => {
    const base = baseOf(type, io);
    defined(base.behaviour.store, `stored form of ${base.name}`)(value, base, writer, io);
  },
  load: (reader: ByteReader, type, io) => {
    const base = baseOf(type, io);
    return defined(base.behaviour.load, `stored form of ${base.name}`)(reader, base, io);
  },
  compare: (left, right, type, io) => {
    const base = baseOf(type, io);
    return defined(base.behaviour.compare, `order of ${base.name}`)(left, right, base, io);
  },
  hashKey: (value, type, io) => {
    const base = baseOf(type, io);
    return defined(base.behaviour.hashKey, `hash key of ${base.name}`)(value, base, io);
  },
  sortKey: (value, type, writer, io) => {
    const base = baseOf(type, io);
    defined(base.behaviour.sortKey, `sort key of ${base.name}`)(value, base, writer, io);
  },
});

const byStorage = new Map<StorageClass, TypeBehaviour>([['varlen', varlenDomain]]);

/** The behaviour of a domain over a type of that storage class: what its descriptor must carry. */
export function domainBehaviour(storage: StorageClass): TypeBehaviour {
  let behaviour = byStorage.get(storage);
  if (behaviour === undefined) {
    behaviour = { ...varlenDomain, storage };
    byStorage.set(storage, behaviour);
  }
  return behaviour;
}

/** The type under a domain, through domains over domains; any other type is its own. */
export function storageType(type: TypeDescriptor, io: TypeLookup): TypeDescriptor {
  let base = type;
  while (base.kind === 'd') base = io.typeByOid(base.baseType);
  return base;
}

function baseOf(type: TypeDescriptor, io: TypeLookup): TypeDescriptor {
  return io.typeByOid(type.baseType);
}
