// The flags argument of the regexp_* functions, and numbers that must be positive.
import { SqlState, pgError } from '../../errors/pg-error.js';
import { withOption } from '../regex/parse.js';
import { advancedOptions } from '../regex/regex.js';
import type { RegexOptions } from '../regex/regex.js';
import type { CallInfo } from '../call-info.js';

export interface FunctionFlags {
  readonly options: RegexOptions;
  readonly isGlobal: boolean;
}

/** Reads a flags argument; throws 22023 on an unknown letter. */
export function parseFlags(flags: string): FunctionFlags {
  let options = advancedOptions;
  let isGlobal = false;
  for (const letter of flags) {
    if (letter === 'g') {
      isGlobal = true;
      continue;
    }
    // As a flag e stands for basic expressions, as in PostgreSQL; within a pattern it stands for extended ones.
    const changed = withOption(options, letter === 'e' ? 'b' : letter);
    if (changed === null) {
      throw pgError(SqlState.invalidParameterValue, `invalid regular expression option: "${letter}"`);
    }
    options = changed;
  }
  return { options, isGlobal };
}

/** Flags of a function that has no use for g; throws 22023 where it is there. `hint`: what does that job. */
export function parseFlagsWithoutGlobal(flags: string, name: string, hint?: string): RegexOptions {
  const parsed = parseFlags(flags);
  if (!parsed.isGlobal) return parsed.options;
  throw pgError(
    SqlState.invalidParameterValue,
    `${name} does not support the "global" option`,
    hint === undefined ? {} : { hint },
  );
}

/** Throws 22023 unless `value` is at least `min`. */
export function requireAtLeast(parameter: string, value: number, min: number): void {
  if (value >= min) return;
  throw pgError(SqlState.invalidParameterValue, `invalid value for parameter "${parameter}": ${value}`);
}

/** 0A000 where the call's collation is nondeterministic: expressions compare characters one by one. */
export function requireDeterministic(info: CallInfo): void {
  if (info.collation === 0) return;
  const rules = info.io.collation(info.collation);
  if (rules !== null && !rules.deterministic) {
    throw pgError(
      SqlState.featureNotSupported,
      'nondeterministic collations are not supported for regular expressions',
    );
  }
}
