// Storage options (WITH (...), SET (...)) of tables, views, indexes and materialized views: known names, types, ranges and
// the text array that pg_class.reloptions keeps.
import type { DefElem } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import { defText } from './tree.js';

type OptionRule =
  | { readonly type: 'bool' }
  | { readonly type: 'int'; readonly min: number; readonly max: number }
  | { readonly type: 'real'; readonly min: number; readonly max: number }
  | { readonly type: 'enum'; readonly values: readonly string[]; readonly detail: string };

const int32Max = 2147483647;
const bool: OptionRule = { type: 'bool' };
const int = (min: number, max: number): OptionRule => ({ type: 'int', min, max });
const real = (min: number, max: number): OptionRule => ({ type: 'real', min, max });

const vacuumOptions: Readonly<Record<string, OptionRule>> = {
  autovacuum_enabled: bool,
  vacuum_truncate: bool,
  vacuum_index_cleanup: {
    type: 'enum',
    values: ['auto', 'on', 'off', 'true', 'false', 'yes', 'no', '1', '0'],
    detail: 'Valid values are "on", "off", and "auto".',
  },
  autovacuum_vacuum_threshold: int(0, int32Max),
  autovacuum_vacuum_insert_threshold: int(-1, int32Max),
  autovacuum_vacuum_cost_limit: int(1, 10000),
  autovacuum_freeze_min_age: int(0, 1000000000),
  autovacuum_multixact_freeze_min_age: int(0, 1000000000),
  autovacuum_freeze_max_age: int(100000, 2000000000),
  autovacuum_multixact_freeze_max_age: int(10000, 2000000000),
  autovacuum_freeze_table_age: int(0, 2000000000),
  autovacuum_multixact_freeze_table_age: int(0, 2000000000),
  log_autovacuum_min_duration: int(-1, int32Max),
  autovacuum_vacuum_cost_delay: real(-1, 100),
  autovacuum_vacuum_scale_factor: real(0, 100),
  autovacuum_vacuum_insert_scale_factor: real(0, 100),
};

const rules = {
  table: {
    ...vacuumOptions,
    fillfactor: int(10, 100),
    toast_tuple_target: int(128, 8160),
    parallel_workers: int(0, 1024),
    user_catalog_table: bool,
    autovacuum_analyze_threshold: int(0, int32Max),
    autovacuum_analyze_scale_factor: real(0, 100),
  },
  toast: vacuumOptions,
  view: {
    security_barrier: bool,
    security_invoker: bool,
    check_option: { type: 'enum', values: ['local', 'cascaded'], detail: 'Valid values are "local" and "cascaded".' },
  },
  btree: { fillfactor: int(10, 100), deduplicate_items: bool },
  hash: { fillfactor: int(10, 100) },
  gist: {
    fillfactor: int(10, 100),
    buffering: { type: 'enum', values: ['on', 'off', 'auto'], detail: 'Valid values are "on", "off", and "auto".' },
  },
  spgist: { fillfactor: int(10, 100) },
  gin: { fastupdate: bool, gin_pending_list_limit: int(64, int32Max) },
  brin: { autosummarize: bool, pages_per_range: int(1, 131072) },
  attribute: { n_distinct: real(-1, Infinity), n_distinct_inherited: real(-1, Infinity) },
} as const satisfies Record<string, Readonly<Record<string, OptionRule>>>;

export type OptionKind = keyof typeof rules;

/** Adds options to an existing list (or resets them), checked; null where none are left. Options are "name=value". */
export function mergeOptions(
  kind: OptionKind,
  existing: readonly string[] | null,
  changes: readonly DefElem[],
  options: { readonly reset: boolean },
): readonly string[] | null {
  const changedNames = changes.filter((def) => !def.defnamespace).map((def) => def.defname ?? '');
  const kept = (existing ?? []).filter((option) => !changedNames.includes(optionName(option)));
  const added: string[] = [];
  for (const def of changes) {
    if (def.defnamespace) {
      checkToastOption(kind, def, options.reset);
      continue;
    }
    const name = def.defname ?? '';
    if (options.reset) {
      if (def.arg !== undefined) throw pgError(SqlState.syntaxError, 'RESET must not include values for parameters');
      continue;
    }
    added.push(checkedOption(kind, name, defText(def) ?? 'true'));
  }
  const doubled = added.find(
    (option, index) => added.findIndex((other) => optionName(other) === optionName(option)) < index,
  );
  if (doubled !== undefined) {
    throw pgError(SqlState.invalidParameterValue, `parameter "${optionName(doubled)}" specified more than once`);
  }
  const all = [...kept, ...added];
  return all.length === 0 ? null : all;
}

/** Options of the TOAST relation: checked here, kept by `storeToastOptions`. */
function checkToastOption(kind: OptionKind, def: DefElem, reset: boolean): void {
  if (def.defnamespace !== 'toast' || kind !== 'table') {
    throw pgError(SqlState.invalidParameterValue, `unrecognized parameter namespace "${def.defnamespace ?? ''}"`);
  }
  if (!reset) checkedOption('toast', def.defname ?? '', defText(def) ?? 'true');
}

function optionName(option: string): string {
  return option.slice(0, option.indexOf('='));
}

function checkedOption(kind: OptionKind, name: string, text: string): string {
  if (name === 'oids' && kind === 'table') {
    if (/^(true|on|yes|1|t|y)$/i.test(text)) {
      throw pgError(SqlState.featureNotSupported, 'tables declared WITH OIDS are not supported');
    }
  }
  const rule: OptionRule | undefined = (rules[kind] as Readonly<Record<string, OptionRule>>)[name];
  if (rule === undefined) throw pgError(SqlState.invalidParameterValue, `unrecognized parameter "${name}"`);
  checkValue(rule, name, text);
  return `${name}=${text}`;
}

function checkValue(rule: OptionRule, name: string, text: string): void {
  if (rule.type === 'bool') {
    if (!/^(t|tr|tru|true|f|fa|fal|fals|false|on|of|off|y|ye|yes|n|no|1|0)$/i.test(text)) {
      throw pgError(SqlState.invalidParameterValue, `invalid value for boolean option "${name}": ${text}`);
    }
  } else if (rule.type === 'enum') {
    if (!rule.values.includes(text.toLowerCase())) {
      throw pgError(SqlState.invalidParameterValue, `invalid value for enum option "${name}": ${text}`, {
        detail: rule.detail,
      });
    }
  } else {
    checkNumber(rule, name, text);
  }
}

function checkNumber(rule: Extract<OptionRule, { min: number }>, name: string, text: string): void {
  const isInt = rule.type === 'int';
  const value = isInt ? Math.round(Number(text)) : Number(text);
  // A fraction is rounded, and kept as it was written.
  const wellFormed = text.trim() !== '' && Number.isFinite(value) && (!isInt || Math.abs(value) <= 2147483647);
  if (!wellFormed) {
    const kind = isInt ? 'integer' : 'floating point';
    throw pgError(SqlState.invalidParameterValue, `invalid value for ${kind} option "${name}": ${text}`);
  }
  if (value < rule.min || value > rule.max) {
    const [low, high] = isInt ? [String(rule.min), String(rule.max)] : [rule.min.toFixed(6), formatMax(rule.max)];
    throw pgError(SqlState.invalidParameterValue, `value ${text} out of bounds for option "${name}"`, {
      detail: `Valid values are between "${low}" and "${high}".`,
    });
  }
}

/** The upper bound as %f prints it: n_distinct's is the largest double. */
function formatMax(max: number): string {
  return max === Infinity ? `${BigInt(Number.MAX_VALUE)}.000000` : max.toFixed(6);
}

/** A boolean option's value in a reloptions list. */
export function booleanOption(options: readonly string[], name: string): boolean {
  const text = options.find((option) => optionName(option) === name);
  return text !== undefined && /^(t|tr|tru|true|on|y|ye|yes|1)$/i.test(text.slice(name.length + 1));
}
