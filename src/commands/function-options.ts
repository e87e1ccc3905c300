// Options of CREATE FUNCTION and the actions of ALTER FUNCTION: LANGUAGE, volatility, strictness, security, cost, SET.
import type { DefElem } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { changeFunctionConfig } from './role-settings.js';
import {
  conflictingOptions,
  defBoolean,
  defString,
  locationOf,
  nameText,
  nodeOf,
  qualifiedName,
  stringList,
} from './tree.js';

export interface FunctionOptions {
  readonly language: string | null;
  readonly as: DefElem | null;
  readonly volatility: string;
  readonly strict: boolean;
  readonly securityDefiner: boolean;
  readonly leakproof: boolean;
  readonly cost: number | null;
  readonly rows: number | null;
  readonly parallel: string;
  readonly isWindow: boolean;
  /** Support function's oid, 0 without. */
  readonly support: number;
  readonly config: readonly string[] | null;
}

const procedureRefused = ['volatility', 'strict', 'leakproof', 'cost', 'rows', 'support', 'parallel', 'window'];

/** Reads the options of a CREATE. Throws 42601, 42P13, 22023. */
export function readFunctionOptions(
  context: CommandContext,
  options: readonly DefElem[],
  isProcedure: boolean,
): FunctionOptions {
  const given = new Map<string, DefElem>();
  let config: readonly string[] | null = null;
  for (const def of options) {
    const name = def.defname ?? '';
    if (name === 'set') {
      config = changeFunctionConfig(context, config, nodeOf(def.arg, 'VariableSetStmt'));
      continue;
    }
    if (given.has(name)) conflictingOptions(def);
    if (isProcedure && procedureRefused.includes(name)) {
      throw pgError(SqlState.invalidFunctionDefinition, 'invalid attribute in procedure definition', locationOf(def));
    }
    given.set(name, def);
  }
  const flag = (name: string): boolean => given.has(name) && defBoolean(given.get(name) as DefElem);
  const leakproof = flag('leakproof');
  if (leakproof && !context.isSuperuser) {
    throw pgError(SqlState.insufficientPrivilege, 'only superuser can define a leakproof function');
  }
  const language = given.get('language');
  return {
    language: language ? defString(language) : null,
    as: given.get('as') ?? null,
    volatility: volatilityLetter(given.get('volatility')),
    strict: flag('strict'),
    securityDefiner: flag('security'),
    leakproof,
    cost: positive(given.get('cost'), 'COST'),
    rows: positive(given.get('rows'), 'ROWS'),
    parallel: parallelLetter(given.get('parallel')),
    isWindow: flag('window'),
    support: supportFunction(context, given.get('support')),
    config,
  };
}

export function volatilityLetter(def: DefElem | undefined): string {
  const letters: Readonly<Record<string, string>> = { immutable: 'i', stable: 's', volatile: 'v' };
  return letters[def ? defString(def) : 'volatile'] ?? 'v';
}

export function parallelLetter(def: DefElem | undefined): string {
  const text = def ? defString(def) : 'unsafe';
  const letters: Readonly<Record<string, string>> = { safe: 's', unsafe: 'u', restricted: 'r' };
  const letter = letters[text];
  if (letter === undefined)
    throw pgError(SqlState.syntaxError, 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE');
  return letter;
}

export function positive(def: DefElem | undefined, word: string): number | null {
  if (def === undefined) return null;
  const value = Number(defString(def));
  if (!(value > 0)) throw pgError(SqlState.invalidParameterValue, `${word} must be positive`);
  return value;
}

/** SUPPORT f: a function f(internal) returning internal. */
export function supportFunction(context: CommandContext, def: DefElem | undefined): number {
  if (def === undefined) return 0;
  const name = qualifiedName(stringList(def.arg));
  const found = context.catalog
    .functionsNamed(name.schema, name.name)
    .find((fn) => fn.argTypes.length === 1 && fn.argTypes[0] === 2281);
  if (found === undefined)
    throw pgError(SqlState.undefinedFunction, `function ${nameText(name)}(internal) does not exist`);
  if (!context.isSuperuser)
    throw pgError(SqlState.insufficientPrivilege, 'must be superuser to specify a support function');
  return found.oid;
}
