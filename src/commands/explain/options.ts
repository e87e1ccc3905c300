// EXPLAIN's options: parsed from the statement, checked as PostgreSQL checks them.
import type { DefElem, ExplainStmt } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { nodeAs } from '../tree.js';

export type ExplainFormat = 'text' | 'xml' | 'json' | 'yaml';

export interface ExplainOptions {
  readonly analyze: boolean;
  readonly verbose: boolean;
  readonly costs: boolean;
  readonly buffers: boolean;
  readonly settings: boolean;
  readonly wal: boolean;
  readonly timing: boolean;
  readonly summary: boolean;
  readonly memory: boolean;
  readonly genericPlan: boolean;
  readonly serialize: 'none' | 'text' | 'binary';
  readonly format: ExplainFormat;
}

const switches = [
  'analyze',
  'verbose',
  'costs',
  'buffers',
  'settings',
  'wal',
  'timing',
  'summary',
  'memory',
  'generic_plan',
] as const;

/** Reads the options. Throws 42601 for unknown ones, 22023 for bad values and combinations. */
export function explainOptions(statement: ExplainStmt): ExplainOptions {
  const given = new Map<string, boolean>();
  let format: ExplainFormat = 'text';
  let serialize: ExplainOptions['serialize'] = 'none';
  for (const node of statement.options ?? []) {
    const option = nodeAs(node, 'DefElem');
    if (option === null) continue;
    const name = option.defname ?? '';
    if (name === 'format') format = choice(option, ['text', 'xml', 'json', 'yaml'], 'format');
    else if (name === 'serialize') {
      serialize =
        option.arg === undefined ? 'text' : (choice(option, ['off', 'none', 'text', 'binary'], 'serialize') as 'text');
      if ((serialize as string) === 'off') serialize = 'none';
    } else if ((switches as readonly string[]).includes(name)) given.set(name, booleanOption(option));
    else {
      throw pgError(SqlState.syntaxError, `unrecognized EXPLAIN option "${name}"`, { location: option.location ?? 0 });
    }
  }
  const on = (name: (typeof switches)[number], fallback = false): boolean => given.get(name) ?? fallback;
  const analyze = on('analyze');
  const requires = (name: string): Error =>
    pgError(SqlState.invalidParameterValue, `EXPLAIN option ${name} requires ANALYZE`);
  if (on('wal') && !analyze) throw requires('WAL');
  if (given.get('timing') === true && !analyze) throw requires('TIMING');
  if (serialize !== 'none' && !analyze) throw requires('SERIALIZE');
  if (on('generic_plan') && analyze) {
    throw pgError(SqlState.invalidParameterValue, 'EXPLAIN options ANALYZE and GENERIC_PLAN cannot be used together');
  }
  return {
    analyze,
    verbose: on('verbose'),
    costs: on('costs', true),
    buffers: on('buffers'),
    settings: on('settings'),
    wal: on('wal'),
    timing: on('timing', analyze),
    summary: on('summary', analyze),
    memory: on('memory'),
    genericPlan: on('generic_plan'),
    serialize,
    format,
  };
}

function valueText(option: DefElem): string | null {
  const { arg } = option;
  if (arg === undefined) return null;
  const string = nodeAs(arg, 'String');
  if (string !== null) return string.sval ?? '';
  const integer = nodeAs(arg, 'Integer');
  if (integer !== null) return String(integer.ival ?? 0);
  const boolean = nodeAs(arg, 'Boolean');
  if (boolean !== null) return boolean.boolval ? 'true' : 'false';
  return nodeAs(arg, 'Float')?.fval ?? '';
}

function booleanOption(option: DefElem): boolean {
  const text = valueText(option)?.toLowerCase() ?? 'true';
  if (text === 'true' || text === 'on' || text === '1') return true;
  if (text === 'false' || text === 'off' || text === '0') return false;
  throw pgError(SqlState.syntaxError, `${option.defname ?? ''} requires a Boolean value`);
}

function choice<T extends string>(option: DefElem, choices: readonly T[], name: string): T {
  const text = valueText(option)?.toLowerCase() ?? '';
  const found = choices.find((item) => item === text);
  if (found !== undefined) return found;
  throw pgError(SqlState.invalidParameterValue, `unrecognized value for EXPLAIN option "${name}": "${text}"`, {
    location: option.location ?? 0,
  });
}
