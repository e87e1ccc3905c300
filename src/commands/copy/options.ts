// COPY's options, read and checked as PostgreSQL 17 does.
import type { CopyStmt, DefElem, Node } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { conflictingOptions, defBoolean, defElems, defString, locationOf, nodeTag, stringList } from '../tree.js';
import { encodingName } from '../../base/encoding-names.js';

export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly freeze: boolean;
  readonly delimiter: string;
  readonly nullText: string;
  /** Marks a field that takes the column's default; null without the option. */
  readonly defaultText: string | null;
  readonly header: 'none' | 'present' | 'match';
  readonly quote: string;
  readonly escape: string;
  readonly forceQuote: ColumnChoice;
  readonly forceNotNull: ColumnChoice;
  readonly forceNull: ColumnChoice;
  /** PostgreSQL's name of the file encoding; null: the client's. */
  readonly encoding: string | null;
  readonly ignoreErrors: boolean;
  readonly verbose: boolean;
}
/** Columns of a FORCE_ option: all, or those named. */
export type ColumnChoice = 'all' | readonly string[];

type Given = ReadonlyMap<string, DefElem>;

const known = [
  'format',
  'freeze',
  'delimiter',
  'null',
  'default',
  'header',
  'quote',
  'escape',
  'force_quote',
  'force_not_null',
  'force_null',
  'encoding',
  'on_error',
  'log_verbosity',
  'convert_selectively',
] as const;

/** Reads the options of a COPY statement. Throws 42601, 22023, 0A000. */
export function readCopyOptions(statement: CopyStmt): CopyOptions {
  const isFrom = statement.is_from === true;
  const given = collect(statement);
  if (given.has('convert_selectively')) throw notSupported('COPY CONVERT_SELECTIVELY');
  const format = readFormat(given);
  const isCsv = format === 'csv';
  checkBinary(given, format);
  const options: CopyOptions = {
    format,
    freeze: given.has('freeze') && defBoolean(given.get('freeze') as DefElem),
    delimiter: text(given, 'delimiter') ?? (isCsv ? ',' : '\t'),
    nullText: text(given, 'null') ?? (isCsv ? '' : '\\N'),
    defaultText: text(given, 'default'),
    header: readHeader(given.get('header'), isFrom),
    quote: text(given, 'quote') ?? '"',
    escape: text(given, 'escape') ?? text(given, 'quote') ?? '"',
    forceQuote: columns(given, 'force_quote'),
    forceNotNull: columns(given, 'force_not_null'),
    forceNull: columns(given, 'force_null'),
    encoding: readEncoding(given.get('encoding')),
    ignoreErrors: readOnError(given.get('on_error'), isFrom),
    verbose: readVerbosity(given.get('log_verbosity')),
  };
  checkCharacters(options, given);
  checkForce(options, given, isFrom);
  checkRepresentations(options, isFrom);
  return options;
}

function collect(statement: CopyStmt): Given {
  const given = new Map<string, DefElem>();
  for (const def of defElems(statement.options)) {
    const name = def.defname ?? '';
    if (!(known as readonly string[]).includes(name)) {
      throw pgError(SqlState.syntaxError, `option "${name}" not recognized`, locationOf(def));
    }
    if (given.has(name)) conflictingOptions(def);
    given.set(name, def);
  }
  return given;
}

function text(given: Given, name: string): string | null {
  const def = given.get(name);
  return def === undefined ? null : defString(def);
}

function readFormat(given: Given): CopyOptions['format'] {
  const def = given.get('format');
  const format = def === undefined ? 'text' : defString(def);
  if (format === 'text' || format === 'csv' || format === 'binary') return format;
  throw pgError(SqlState.invalidParameterValue, `COPY format "${format}" not recognized`, def ? locationOf(def) : {});
}

function checkBinary(given: Given, format: string): void {
  if (format !== 'binary') return;
  for (const name of ['delimiter', 'null', 'default']) {
    if (given.has(name)) throw pgError(SqlState.syntaxError, `cannot specify ${name.toUpperCase()} in BINARY mode`);
  }
}

function readHeader(def: DefElem | undefined, isFrom: boolean): CopyOptions['header'] {
  if (def === undefined) return 'none';
  const isText = def.arg !== undefined && 'String' in def.arg;
  if (isText && defString(def).toLowerCase() === 'match') {
    if (!isFrom) throw pgError(SqlState.featureNotSupported, 'cannot use "match" with HEADER in COPY TO');
    return 'match';
  }
  try {
    return defBoolean(def) ? 'present' : 'none';
  } catch {
    throw pgError(SqlState.syntaxError, 'header requires a Boolean value or "match"');
  }
}

function columns(given: Given, name: string): ColumnChoice {
  const def = given.get(name);
  if (def === undefined) return [];
  const arg: Node | undefined = def.arg;
  if (arg && 'A_Star' in arg) return 'all';
  if (arg && 'List' in arg) return stringList(arg);
  throw pgError(
    SqlState.invalidParameterValue,
    `argument to option "${name}" must be a list of column names`,
    locationOf(def),
  );
}

function readEncoding(def: DefElem | undefined): string | null {
  if (def === undefined) return null;
  const name = encodingName(defString(def));
  if (name === null) {
    throw pgError(
      SqlState.invalidParameterValue,
      'argument to option "encoding" must be a valid encoding name',
      locationOf(def),
    );
  }
  return name;
}

function readOnError(def: DefElem | undefined, isFrom: boolean): boolean {
  if (def === undefined) return false;
  if (!isFrom)
    throw pgError(SqlState.invalidParameterValue, 'COPY ON_ERROR cannot be used with COPY TO', locationOf(def));
  const value = def.arg === undefined ? 'stop' : defString(def);
  if (value.toLowerCase() === 'stop') return false;
  if (value.toLowerCase() === 'ignore') return true;
  throw pgError(SqlState.invalidParameterValue, `COPY ON_ERROR "${value}" not recognized`, locationOf(def));
}

function readVerbosity(def: DefElem | undefined): boolean {
  if (def === undefined) return false;
  const value = defString(def);
  if (value.toLowerCase() === 'verbose') return true;
  if (value.toLowerCase() === 'default') return false;
  throw pgError(SqlState.invalidParameterValue, `COPY LOG_VERBOSITY "${value}" not recognized`, locationOf(def));
}

const unsupported = (message: string): Error => pgError(SqlState.featureNotSupported, message);
const invalid = (message: string): Error => pgError(SqlState.invalidParameterValue, message);

function checkCharacters(options: CopyOptions, given: Given): void {
  const { delimiter } = options;
  const isCsv = options.format === 'csv';
  if (options.format === 'binary' && options.ignoreErrors) {
    throw pgError(SqlState.syntaxError, 'only ON_ERROR STOP is allowed in BINARY mode');
  }
  if (Buffer.byteLength(delimiter) !== 1) throw unsupported('COPY delimiter must be a single one-byte character');
  if (/[\r\n]/.test(delimiter)) throw invalid('COPY delimiter cannot be newline or carriage return');
  if (/[\r\n]/.test(options.nullText)) throw invalid('COPY null representation cannot use newline or carriage return');
  if (options.defaultText !== null && /[\r\n]/.test(options.defaultText)) {
    throw invalid('COPY default representation cannot use newline or carriage return');
  }
  if (!isCsv && /[\\.a-z0-9]/.test(delimiter)) throw invalid(`COPY delimiter cannot be "${delimiter}"`);
  if (options.format === 'binary' && options.header !== 'none')
    throw unsupported('cannot specify HEADER in BINARY mode');
  if (!isCsv && given.has('quote')) throw unsupported('COPY QUOTE requires CSV mode');
  if (isCsv && Buffer.byteLength(options.quote) !== 1)
    throw unsupported('COPY quote must be a single one-byte character');
  if (isCsv && delimiter === options.quote) throw invalid('COPY delimiter and quote must be different');
  if (!isCsv && given.has('escape')) throw unsupported('COPY ESCAPE requires CSV mode');
  if (isCsv && Buffer.byteLength(options.escape) !== 1)
    throw unsupported('COPY escape must be a single one-byte character');
}

function checkForce(options: CopyOptions, given: Given, isFrom: boolean): void {
  const isCsv = options.format === 'csv';
  const rules = [
    ['force_quote', 'FORCE_QUOTE', false],
    ['force_not_null', 'FORCE_NOT_NULL', true],
    ['force_null', 'FORCE_NULL', true],
  ] as const;
  for (const [name, words, forFrom] of rules) {
    if (!given.has(name)) continue;
    if (!isCsv) throw unsupported(`COPY ${words} requires CSV mode`);
    if (isFrom !== forFrom) throw unsupported(`COPY ${words} cannot be used with COPY ${isFrom ? 'FROM' : 'TO'}`);
  }
}

function checkRepresentations(options: CopyOptions, isFrom: boolean): void {
  const { delimiter, quote, nullText, defaultText } = options;
  const isCsv = options.format === 'csv';
  if (nullText.includes(delimiter)) throw invalid('COPY delimiter character must not appear in the NULL specification');
  if (isCsv && nullText.includes(quote)) throw invalid('CSV quote character must not appear in the NULL specification');
  if (options.freeze && !isFrom) throw unsupported('COPY FREEZE cannot be used with COPY TO');
  if (defaultText === null) return;
  if (!isFrom) throw unsupported('COPY DEFAULT cannot be used with COPY TO');
  if (defaultText.includes(delimiter))
    throw invalid('COPY delimiter character must not appear in the DEFAULT specification');
  if (isCsv && defaultText.includes(quote))
    throw invalid('CSV quote character must not appear in the DEFAULT specification');
  if (defaultText === nullText) throw invalid('NULL specification and DEFAULT specification cannot be the same');
}
