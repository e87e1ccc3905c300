// The executor's write path for rows that come from no plan: COPY FROM, commands that fill tables. Rows pass everything
// that INSERT's rows pass: generated columns, constraints, indexes, foreign keys.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported } from '../errors/pg-error.js';
import { defined } from '../errors/unreachable.js';
import type { CopyLineFormat, RowPlacement } from '../storage/api.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Row, Value } from '../types/value.js';
import type { ExecutionContext } from './api.js';
import { Emitter, type Program } from './expressions/emitter.js';
import { emitDomainChecks } from './expressions/coercions.js';
import { CompileUnit } from './expressions/unit.js';
import { compileIndex, IndexWriter } from './modify/index-maintenance.js';
import { relationEntry } from './modify/relation-entry.js';
import { openTarget } from './modify/target-table.js';
import { RunState } from './state.js';
import { rowTriggers } from './triggers/row-triggers.js';
import { StatementTriggers } from './triggers/statement-triggers.js';
import { triggerProgram } from './triggers/trigger-program.js';

export interface TableWriter {
  /** Fires BEFORE STATEMENT triggers. */
  begin(): Promise<void>;
  /** True where each row has to be inserted before the next one is made: BEFORE triggers may look at them. */
  readonly takesSingleRows: boolean;
  /** Writes whole rows (attribute n at index n - 1, dropped and generated ones null); how many triggers let pass. Throws
   *  23502, 23514, 23505. */
  insert(rows: readonly Row[], placement?: RowPlacement): Promise<number>;
  /** After `insert` threw: the position of the row that it threw for. */
  readonly rowInHand: number;
  /** Takes whole lines of COPY's data as `CopyLoader` does; null where this table's rows can't come so. */
  lineLoader(columns: readonly number[], format: CopyLineFormat): LineLoader | null;
  /** Runs what a statement's end owes (triggers, foreign keys, deferrable keys); throws 23503, 23505. */
  finish(): Promise<void>;
}

export interface LineLoader {
  take(lines: Buffer, placement: RowPlacement): { readonly byteCount: number; readonly rowCount: number };
  flush(placement: RowPlacement): void;
  close(): void;
}

/** Opens a table for writing as one statement of the context's transaction. */
export function openTableWriter(context: ExecutionContext, relationOid: number): TableWriter {
  const relation = context.catalog.requireRelation(relationOid);
  const statement = new RunState(new CompileUnit(context.catalog, context.catalog.version(), []), context, null);
  if (relation.kind === 'v') return viewWriter(statement, relation);
  const target = openTarget(statement, relation);
  const program = triggerProgram(context, relation);
  const inserted = [{ operation: 'insert' as const, assigned: null }];
  const whole = StatementTriggers.for(statement, relation, inserted);
  const before = rowTriggers(statement, relation);
  let rowInHand: number | null = null;
  return {
    begin: async () => whole?.before(),
    takesSingleRows: (program?.insert.beforeRow.length ?? 0) > 0,
    async insert(rows, placement) {
      if (rows.length === 0) return 0;
      if (before === null) {
        await target.insertAll(rows, placement);
        return rows.length;
      }
      let count = 0;
      for (const [n, row] of rows.entries()) {
        rowInHand = n;
        const ready = await before.beforeInsert(row);
        if (ready === null) continue;
        await target.insertAll([ready], placement);
        count += 1;
      }
      return count;
    },
    lineLoader(columns, format) {
      if (before !== null) return null;
      const loader = target.copyLoader(columns, format);
      if (loader === null) return null;
      return {
        take(lines, placement) {
          const taken = loader.take(context.transaction.store, target.command, lines, placement);
          target.insertedMore(taken.rowCount);
          return taken;
        },
        flush(placement) {
          loader.flush(context.transaction.store, target.command, placement);
        },
        close: () => loader.close(),
      };
    },
    get rowInHand() {
      return rowInHand ?? target.rowInHand;
    },
    async finish() {
      await whole?.after();
      await statement.runAfterStatement();
      statement.close();
    },
  };
}

/** A view's rows go to its INSTEAD OF triggers. */
function viewWriter(statement: RunState, relation: RelationDescriptor): TableWriter {
  const whole = StatementTriggers.for(statement, relation, [{ operation: 'insert', assigned: null }]);
  const triggers = defined(rowTriggers(statement, relation) ?? undefined, 'INSTEAD OF triggers');
  let rowInHand = 0;
  return {
    begin: async () => whole?.before(),
    takesSingleRows: true,
    async insert(rows) {
      for (const [n, row] of rows.entries()) {
        rowInHand = n;
        await triggers.insteadOf('insert', null, row);
      }
      return rows.length;
    },
    lineLoader: () => null,
    get rowInHand() {
      return rowInHand;
    },
    async finish() {
      await whole?.after();
      await statement.runAfterStatement();
      statement.close();
    },
  };
}

/** Opens one index of a table for writing entries by themselves. */
export function openIndexWriter(context: ExecutionContext, relation: RelationDescriptor, oid: number): IndexWriter {
  const { catalog } = context;
  const index = defined(
    relation.indexes.find((candidate) => candidate.oid === oid),
    `index ${oid} of ${relation.name}`,
  );
  const unit = new CompileUnit(catalog, catalog.version(), [relationEntry(relation)]);
  return new IndexWriter(
    new RunState(unit, context, null),
    relation,
    compileIndex(unit, index),
    context.transaction.useCommand(),
  );
}

interface DomainProgram {
  readonly unit: CompileUnit;
  readonly program: Program<(x: RunState, value: Value) => void | Promise<void>>;
}

const domainPrograms = new WeakMap<TypeDescriptor, DomainProgram>();

/** Checks values of a domain that did not come from a CoerceToDomain (COPY, parameters); throws 23502, 23514. */
export function domainChecker(context: ExecutionContext, domain: number): (value: Value) => void | Promise<void> {
  const { catalog } = context;
  const type = catalog.typeByOid(domain);
  let known = domainPrograms.get(type);
  if (known === undefined || known.unit.catalogVersion !== catalog.version()) {
    const unit = new CompileUnit(catalog, catalog.version(), []);
    const m = new Emitter(unit, {});
    emitDomainChecks(domain, { code: 's', nullable: true }, m);
    known = { unit, program: m.finish('x, s') };
    domainPrograms.set(type, known);
  }
  const { program, unit } = known;
  const x = new RunState(unit, context, null);
  return (value) => program.run(x, value);
}

/** Checks one value of a domain at once, as text input does. Checks that call functions which wait are refused. */
export function checkDomainValue(context: ExecutionContext, domain: TypeDescriptor, value: Value): void {
  if (domainChecker(context, domain.oid)(value) instanceof Promise)
    throw notSupported(`input of domain ${domain.name}`);
}
