// TRUNCATE's triggers: those before it fire for all its tables before the first is emptied, those after it once the last is.
import type { ExecutionContext } from '../api.js';
import { CompileUnit } from '../expressions/unit.js';
import { RunState } from '../state.js';
import { StatementTriggers } from './statement-triggers.js';

export interface TruncateTriggers {
  before(): Promise<void>;
  after(): Promise<void>;
}

/** Null where no trigger fires for any of the tables. */
export function openTruncateTriggers(context: ExecutionContext, relations: readonly number[]): TruncateTriggers | null {
  const { catalog } = context;
  const statement = new RunState(new CompileUnit(catalog, catalog.version(), []), context, null);
  const all = relations.flatMap(
    (oid) =>
      StatementTriggers.for(statement, catalog.requireRelation(oid), [{ operation: 'truncate', assigned: null }]) ?? [],
  );
  if (all.length === 0) return null;
  return {
    async before() {
      for (const triggers of all) await triggers.before();
    },
    async after() {
      for (const triggers of all) await triggers.after();
      await statement.runAfterStatement();
      statement.close();
    },
  };
}
