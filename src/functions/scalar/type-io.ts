// Type input, output and send functions as SQL calls them (int4in('1'), int4out(1), textsend('a')), registered for every
// type behaviour under PostgreSQL's symbols. Receive functions take wire buffers and are not callable from SQL.
import { ByteWriter } from '../../base/bytes.js';
import { typeBehaviour } from '../../types/type-behaviour.js';
import type { Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { builtinFunction, fn } from '../registry.js';

/** Stems of the symbols: `stem`in and `stem`_in are both in use. */
const families = [
  'aclitem',
  'array_',
  'bit_',
  'bool',
  'bpchar',
  'bytea',
  'cash_',
  'char',
  'cid',
  'cstring_',
  'date_',
  'domain_',
  'enum_',
  'float4',
  'float8',
  'int2',
  'int2vector',
  'int4',
  'int8',
  'json_',
  'jsonb_',
  'name',
  'numeric_',
  'oid',
  'oidvector',
  'pg_lsn_',
  'pg_snapshot_',
  'record_',
  'regclass',
  'regcollation',
  'regconfig',
  'regdictionary',
  'regnamespace',
  'regoper',
  'regoperator',
  'regproc',
  'regprocedure',
  'regrole',
  'regtype',
  'text',
  'tid',
  'txid_snapshot_',
  'unknown',
  'uuid_',
  'varbit_',
  'varchar',
  'void_',
  'xid',
  'xid8',
  'any_',
  'anyarray_',
  'anycompatible_',
  'anycompatiblearray_',
  'anycompatiblemultirange_',
  'anycompatiblenonarray_',
  'anycompatiblerange_',
  'anyelement_',
  'anyenum_',
  'anymultirange_',
  'anynonarray_',
  'anyrange_',
  'event_trigger_',
  'fdw_handler_',
  'index_am_handler_',
  'internal_',
  'language_handler_',
  'pg_ddl_command_',
  'shell_',
  'table_am_handler_',
  'trigger_',
  'tsm_handler_',
  'pg_node_tree_',
  'pg_ndistinct_',
  'pg_dependencies_',
  'pg_mcv_list_',
  'interval_',
  'time_',
  'timetz_',
  'timestamp_',
  'timestamptz_',
  'inet_',
  'cidr_',
  'macaddr_',
  'macaddr8_',
];

/** Registers the I/O symbols of every family; symbols that a family registers itself stay. */
export function registerTypeIo(): void {
  for (const stem of families) {
    registerInput(`${stem}in`);
    registerOutput(`${stem}out`);
    registerSend(`${stem}send`);
  }
}

function registerInput(symbol: string): void {
  if (builtinFunction(symbol) !== undefined) return;
  fn(symbol, {
    impl: (...args: unknown[]) => {
      const info = args[args.length - 1] as CallInfo;
      const text = args[0] as string | null;
      if (text === null) return null;
      const named = args.length > 2 ? (args[1] as number) : 0;
      const typmod = args.length > 3 ? (args[2] as number) : -1;
      const polymorphic = symbol === 'enum_in' || symbol === 'domain_in' || symbol === 'record_in';
      const type = polymorphic && named !== 0 ? info.io.typeByOid(named) : info.resultType;
      if (symbol === 'array_in') {
        const array = info.io.typeByOid(info.io.typeByOid(named).array);
        return array.behaviour.input(text, array, typmod, info.io);
      }
      const behaviour = typeBehaviour(symbol) ?? type.behaviour;
      return behaviour.input(text, type, typmod, info.io);
    },
  });
}

function registerOutput(symbol: string): void {
  if (builtinFunction(symbol) !== undefined) return;
  fn(symbol, {
    impl: (value: Value, info: CallInfo) => {
      const type = info.argTypes[0] ?? info.resultType;
      return type.behaviour.output(value, type, info.io);
    },
  });
}

function registerSend(symbol: string): void {
  if (builtinFunction(symbol) !== undefined) return;
  fn(symbol, {
    impl: (value: Value, info: CallInfo) => {
      const type = info.argTypes[0] ?? info.resultType;
      const writer = new ByteWriter();
      type.behaviour.send(value, type, writer, info.io);
      return writer.copy();
    },
  });
}
