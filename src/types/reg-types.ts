// The object identifier alias types regclass, regtype, regproc, ...: an oid whose text form is a name, resolved through
// the catalogs (IoContext.names). A number or "-" (0) is taken as the oid itself.
import type { RegKind } from './io-context.js';
import { parseUnsigned32 } from './oid-types.js';
import { defineType } from './type-behaviour.js';

const kinds: readonly RegKind[] = [
  'regclass',
  'regtype',
  'regproc',
  'regprocedure',
  'regoper',
  'regoperator',
  'regrole',
  'regnamespace',
  'regconfig',
  'regdictionary',
  'regcollation',
];

for (const kind of kinds) {
  defineType<number>({
    symbol: `${kind}in`,
    storage: 'uint4',
    input: (text, _type, _typmod, io) => {
      if (text === '-' && kind !== 'regoper' && kind !== 'regoperator') return 0;
      if (/^\d+$/.test(text)) return parseUnsigned32(text, 'oid');
      return io.names.toOid(kind, text, false) ?? 0;
    },
    output: (value, _type, io) =>
      value === 0 && kind !== 'regoper' && kind !== 'regoperator'
        ? '-'
        : value === 0
          ? '0'
          : io.names.toText(kind, value),
    receive: (reader) => reader.uint32(),
    send: (value, _type, writer) => writer.uint32(value),
    compare: (left, right) => left - right,
    hashKey: (value) => value,
    sortKey: (value, _type, writer) => writer.uint32(value),
  });
}
