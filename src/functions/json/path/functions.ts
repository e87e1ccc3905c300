// The functions and operators that run JSON paths: jsonb_path_exists, _match, _query, _query_array, _query_first, their
// *_tz forms, @? and @@.
import { pgError, SqlState } from '../../../errors/pg-error.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../../types/jsonb.js';
import type { JsonPath } from '../../../types/jsonpath/path.js';
import type { CallInfo } from '../../call-info.js';
import { fn, tableFn } from '../../registry.js';
import { PathDateTime } from './datetime.js';
import { PathExecution, PathFault, type PathItem } from './execute.js';

interface Request {
  readonly document: Jsonb;
  readonly path: JsonPath;
  readonly variables: Jsonb | null;
  readonly isSilent: boolean;
  readonly mayUseZone: boolean;
  readonly call: CallInfo;
}

/** Whether the path finds anything; null where it fails silently. */
function exists(request: Request): boolean | null {
  return silenced(request, () => execution(request).exists());
}

/** The single truth value that the path gives. */
function matches(request: Request): boolean | null {
  const found = items(request);
  const [only] = found;
  if (found.length === 1 && (typeof only === 'boolean' || only === null)) return only;
  if (request.isSilent) return null;
  throw pgError(SqlState.singletonSqlJsonItemRequired, 'single boolean result is expected');
}

/** All items; a silent run that fails gives those before. */
function items(request: Request): PathItem[] {
  const found: PathItem[] = [];
  silenced(request, () => execution(request).collect(found));
  return found;
}

function execution({ document, path, variables, mayUseZone, call }: Request): PathExecution {
  if (variables !== null && !(variables.root instanceof JsonbObject))
    throw pgError(SqlState.invalidParameterValue, '"vars" argument is not an object', {
      detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
    });
  return new PathExecution(path, document.root, { call, variables, mayUseZone });
}

function silenced<T>(request: Request, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof PathFault)) throw error;
    if (request.isSilent) return null;
    throw error.error;
  }
}

/** An item as a value of jsonb: dates and times become strings. */
function jsonbOf(item: PathItem): Jsonb {
  return new Jsonb(nodeOf(item));
}

function nodeOf(item: PathItem): JsonbNode {
  return item instanceof PathDateTime ? item.toString() : item;
}

for (const [suffix, mayUseZone] of [
  ['', false],
  ['_tz', true],
] as const) {
  const request = (document: Jsonb, path: JsonPath, variables: Jsonb, isSilent: boolean, call: CallInfo): Request => ({
    document,
    path,
    variables,
    isSilent,
    mayUseZone,
    call,
  });
  type Arguments = Parameters<typeof request>;
  fn(`jsonb_path_exists${suffix}`, { impl: (...given: Arguments) => exists(request(...given)) });
  fn(`jsonb_path_match${suffix}`, { impl: (...given: Arguments) => matches(request(...given)) });
  tableFn(`jsonb_path_query${suffix}`, { rows: (...given: Arguments) => items(request(...given)).map(jsonbOf) });
  fn(`jsonb_path_query_array${suffix}`, {
    impl: (...given: Arguments) => new Jsonb(items(request(...given)).map(nodeOf)),
  });
  fn(`jsonb_path_query_first${suffix}`, {
    impl(...given: Arguments) {
      const [first] = items(request(...given));
      return first === undefined ? null : jsonbOf(first);
    },
  });
}

for (const [symbol, run] of [
  ['jsonb_path_exists_opr', exists],
  ['jsonb_path_match_opr', matches],
] as const) {
  fn(symbol, {
    impl: (document: Jsonb, path: JsonPath, call: CallInfo) =>
      run({ document, path, variables: null, isSilent: true, mayUseZone: false, call }),
  });
}
