// What a deparser carries along: the text so far, the query levels around, and the wishes of the caller.
import type { Catalog } from '../api.js';
import type { Namespace } from './namespace.js';
import type { WindowClause } from '../../trees/query.js';
import type { TargetEntry } from '../../trees/expression.js';
import { DeparseWriter } from './writer.js';

export interface DeparseOptions {
  /** Leave out parentheses that are not needed (pretty = true of the pg_get_* functions). */
  readonly pretty: boolean;
  /** Always qualify relations and types that the search path would find (pg_dump's setting of search_path does the rest). */
  readonly qualify?: boolean;
}

export interface DeparseContext {
  readonly catalog: Catalog;
  readonly writer: DeparseWriter;
  readonly options: DeparseOptions;
  /** Innermost query level first. */
  readonly namespaces: readonly Namespace[];
  /** Columns are written with their relation's name. */
  readonly varPrefix: boolean;
  /** Windows and target list of the query whose target list or ORDER BY is being printed. */
  readonly windows: readonly WindowClause[];
  readonly targetList: readonly TargetEntry[];
  /** Names of subplans in EXPLAIN: their plan ids have no other. */
  readonly isExplain: boolean;
  /** Names of a SQL function's arguments, '' for those without one: $n is printed as the nth. */
  readonly argumentNames: readonly string[];
  /** Name of the function whose body is printed. */
  readonly functionName: string | null;
}

export function deparseContext(
  catalog: Catalog,
  namespaces: readonly Namespace[],
  options: DeparseOptions & {
    readonly varPrefix: boolean;
    readonly isExplain?: boolean;
    readonly argumentNames?: readonly string[];
    readonly functionName?: string;
  },
): DeparseContext {
  const writer = new DeparseWriter();
  // EXPLAIN's expressions stand in the middle of its own lines.
  writer.isFlat = options.isExplain ?? false;
  return {
    catalog,
    writer,
    options,
    namespaces,
    varPrefix: options.varPrefix,
    windows: [],
    targetList: [],
    isExplain: options.isExplain ?? false,
    argumentNames: options.argumentNames ?? [],
    functionName: options.functionName ?? null,
  };
}
