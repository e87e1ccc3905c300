// Pseudo-types: what may not be a column's type. Most accept and display nothing; void has one value, which prints empty.
// Polymorphic ones display what they hold through its own type before they get here.
import { cannotAccept, cannotDisplay } from './input-error.js';
import { defineType } from './type-behaviour.js';
import type { Value } from './value.js';

const silent = [
  'any',
  'anycompatible',
  'anycompatiblearray',
  'anycompatiblemultirange',
  'anycompatiblenonarray',
  'anycompatiblerange',
  'anyelement',
  'anyenum',
  'anymultirange',
  'anynonarray',
  'anyrange',
  'event_trigger',
  'fdw_handler',
  'index_am_handler',
  'internal',
  'language_handler',
  'pg_ddl_command',
  'shell',
  'table_am_handler',
  'trigger',
  'tsm_handler',
];

/** Those whose input functions are called for NULL too, to refuse it. */
const refusingNull: ReadonlySet<string> = new Set([
  'event_trigger',
  'fdw_handler',
  'index_am_handler',
  'internal',
  'language_handler',
  'table_am_handler',
  'trigger',
  'tsm_handler',
]);

for (const name of silent) {
  const shown = name === 'shell' ? 'a shell type' : name;
  defineType<Value>({
    symbol: `${name}_in`,
    storage: 'varlen',
    ...(refusingNull.has(name) ? { readsNull: true } : {}),
    input: () => {
      throw cannotAccept(shown);
    },
    output: () => {
      throw cannotDisplay(shown);
    },
    receive: () => {
      throw cannotAccept(shown);
    },
    send: () => {
      throw cannotDisplay(shown);
    },
  });
}

defineType<Value>({
  symbol: 'void_in',
  storage: 'varlen',
  input: () => '',
  output: () => '',
  receive: () => '',
  send: () => undefined,
  store: () => undefined,
  load: () => '',
});
