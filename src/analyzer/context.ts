// What the analyzer needs beside the parse tree, given by the session for each statement.
import type { Catalog } from '../catalog/api.js';
import type { Notice } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';

export interface AnalyzerContext {
  readonly catalog: Catalog;
  /** The whole query string (locations are byte offsets in it). */
  readonly sourceText: string;
  /** Types of $1, $2, ...; 0 where none is known. With `variableParameters` the analyzer fills and extends it. */
  readonly parameterTypes: number[];
  /** Unknown parameter types are inferred from their use (Parse messages, PREPARE); else an unknown $n is an error. */
  readonly variableParameters: boolean;
  notice(notice: Notice): void;
  /** Names that are no columns: arguments of SQL functions, PL/pgSQL variables. Returns null where it knows none;
   *  `required` (the default): nothing else bears the name, so a variable's missing field is an error. */
  readonly resolveName?: (names: readonly string[], location: number, required?: boolean) => Expression | null;
  /** What a name means that is a column and a variable; left out: the column. */
  readonly nameConflict?: 'error' | 'variable' | 'column';
  /** Transition tables of a trigger, by name: the relation whose columns each has. They hide tables of the same name. */
  readonly transitionTables?: ReadonlyMap<string, number>;
  /** Arguments of SQL functions written as $n: the Param with its own collation. */
  readonly resolveParameter?: (number: number, location: number) => Expression | null;
}
