// ANALYZE and VACUUM. Rows need no vacuuming here: old versions go with their snapshots. VACUUM therefore checks its
// options and rights, lets new rows fill gaps between others (FULL writes the table anew), updates the sizes in pg_class,
// and runs ANALYZE where asked.
import type { DefElem, RangeVar, VacuumRelation, VacuumStmt } from '@pgsql/types';
import { aclBit } from '../catalog/acl-text.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { currentMicroseconds } from '../base/clock.js';
import { PgError, pgError, SqlState } from '../errors/pg-error.js';
import { statisticsService } from '../functions/server-services.js';
import type { CommandContext, CommandResult } from './api.js';
import { compactTable } from './cluster.js';
import { lockRelationByName } from './namespace.js';
import { hasRelationPrivilege } from './permissions.js';
import { ClassOid } from './classes.js';
import { transactionControl } from './services.js';
import type { LockMode } from '../transaction/api.js';
import { analyzeTable, storeSize } from './statistics-collection/analyze-table.js';
import { requireNoTransactionBlock } from './transaction-block.js';
import { nodeAs, nodeOf, stringOf } from './tree.js';

/** Oids of users' objects begin here. */
const firstUserOid = 16384;

const vacuumOptions = [
  'full',
  'freeze',
  'verbose',
  'analyze',
  'disable_page_skipping',
  'skip_locked',
  'index_cleanup',
  'process_main',
  'process_toast',
  'truncate',
  'parallel',
  'skip_database_stats',
  'only_database_stats',
  'buffer_usage_limit',
] as const;
const analyzeOptions = ['verbose', 'skip_locked', 'buffer_usage_limit'] as const;

/** VACUUM and ANALYZE: one parse tree, told apart by its flag. */
export async function vacuumStatement(statement: VacuumStmt, context: CommandContext): Promise<CommandResult> {
  const isVacuum = statement.is_vacuumcmd === true;
  const tag = isVacuum ? 'VACUUM' : 'ANALYZE';
  const options = readOptions(statement, tag, isVacuum ? vacuumOptions : analyzeOptions);
  const doesAnalyze = !isVacuum || options.get('analyze') === true;
  if (isVacuum) {
    requireNoTransactionBlock(context, 'VACUUM');
    if (options.get('full') === true && options.get('disable_page_skipping') === true) {
      throw pgError(SqlState.featureNotSupported, 'VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL');
    }
  }
  const relations = statement.rels ?? [];
  const hasColumns = relations.some((node) => (nodeAs(node, 'VacuumRelation')?.va_cols ?? []).length > 0);
  if (hasColumns && !doesAnalyze) {
    throw pgError(SqlState.featureNotSupported, 'ANALYZE option must be specified when a column list is provided');
  }
  if (options.get('only_database_stats') === true) {
    if (relations.length > 0)
      throw pgError(SqlState.featureNotSupported, 'ONLY_DATABASE_STATS cannot be specified with a list of tables');
    return { kind: 'done', tag };
  }
  const verb = isVacuum ? 'vacuum' : 'analyze';
  const tables = new MaintainedTables(verb, options.get('skip_locked') === true);
  const named = relations.map((node) => nodeOf(node, 'VacuumRelation'));
  const targets = named.length === 0 ? allTables(context, verb) : await namedTables(context, named, tables);
  const lock = isVacuum && options.get('full') === true ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock';
  // Each table in a transaction of its own, so that nobody waits longer than for one table's work.
  const isApart = isVacuum || (context.isTopLevel && targets.length > 1);
  const control = context.session.service(transactionControl);
  if (isApart) context.commitAlone();
  let current = context;
  for (const target of targets) {
    if (isApart) current = await control.next(current);
    const relation = await tables.open(current, target, lock);
    if (relation === null || !isMaintainable(current, relation, isVacuum)) continue;
    const rows = isVacuum ? await vacuumTable(current, relation, options) : 0;
    const now = current.catalog.requireRelation(relation.oid);
    if (doesAnalyze) await analyzeTable(current, now, target.columns);
    else await storeSize(current, now, rows);
    noteMaintenance(current, relation, { isVacuum, doesAnalyze, isAutomatic: false });
  }
  if (isVacuum) {
    current = await control.next(current);
    await awaitDatabaseRow(current);
  }
  return { kind: 'done', tag };
}

/** Partitioned tables have no rows of their own; 01000 where it is no table at all. */
function isMaintainable(context: CommandContext, relation: RelationDescriptor, isVacuum: boolean): boolean {
  if (relation.kind === 'r' || relation.kind === 'm' || relation.kind === 't') return true;
  if (relation.kind === 'p') return false;
  const verb = isVacuum ? 'vacuum' : 'analyze';
  skip(context, `skipping "${relation.name}" --- cannot ${verb} non-tables or special system tables`);
  return false;
}

/** PostgreSQL ends a VACUUM by writing the database's row in place: it waits for who is changing that row. */
async function awaitDatabaseRow(context: CommandContext): Promise<void> {
  const entry = context.catalog.tables.findOne('pg_database', { oid: context.catalog.database });
  if (entry !== null) await context.transaction.lockRow(ClassOid.database, entry.rowid, 'noKeyUpdate', 'block');
}

/** What the counters say once the command, or the automatic work, has committed. */
export function noteMaintenance(
  context: CommandContext,
  relation: RelationDescriptor,
  done: { readonly isVacuum: boolean; readonly doesAnalyze: boolean; readonly isAutomatic: boolean },
): void {
  const service = context.session.service(statisticsService);
  const database = relation.isShared ? 0 : context.catalog.database;
  const liveTuples = context.catalog.relationSize(relation.oid).rows;
  const now = currentMicroseconds();
  context.transaction.afterCommit(() => {
    if (done.isVacuum) {
      const set = { liveTuples, deadTuples: 0, insSinceVacuum: 0 };
      service.maintained(
        database,
        relation.oid,
        done.isAutomatic
          ? { set: { ...set, lastAutovacuum: now }, count: 'autovacuumCount' }
          : { set: { ...set, lastVacuum: now }, count: 'vacuumCount' },
      );
    }
    if (done.doesAnalyze) {
      const set = { liveTuples, modSinceAnalyze: 0 };
      service.maintained(
        database,
        relation.oid,
        done.isAutomatic
          ? { set: { ...set, lastAutoanalyze: now }, count: 'autoanalyzeCount' }
          : { set: { ...set, lastAnalyze: now }, count: 'analyzeCount' },
      );
    }
  });
}

/** FULL writes the table anew (the system's own are left as they are); else the pages' free space becomes known. Returns
 *  the number of rows. */
export async function vacuumTable(
  context: CommandContext,
  relation: RelationDescriptor,
  options: ReadonlyMap<string, boolean>,
): Promise<number> {
  if (options.get('full') === true && relation.oid >= firstUserOid) return compactTable(context, relation.oid);
  const truncate = options.get('truncate') ?? !relation.options.includes('vacuum_truncate=false');
  context.store.vacuumed(relation.file, truncate);
  return context.catalog.relationSize(relation.oid).rows;
}

type Verb = 'vacuum' | 'analyze';

interface Target {
  readonly oid: number;
  /** As the command names it; null for a table of a list that the command made itself. */
  readonly name: string | null;
  readonly columns: readonly string[] | null;
}

function readOptions(statement: VacuumStmt, command: string, known: readonly string[]): Map<string, boolean> {
  const result = new Map<string, boolean>();
  for (const node of statement.options ?? []) {
    const option = nodeAs(node, 'DefElem');
    if (option === null) continue;
    const name = option.defname ?? '';
    if (!known.includes(name)) {
      throw pgError(SqlState.syntaxError, `unrecognized ${command} option "${name}"`, {
        location: option.location ?? 0,
      });
    }
    if (name === 'parallel') result.set(name, parallelWorkers(option) >= 0);
    else if (name === 'buffer_usage_limit') result.set(name, true);
    else if (name === 'index_cleanup' && optionText(option) === 'auto') result.set(name, true);
    else result.set(name, booleanOption(option));
  }
  return result;
}

function optionText(option: DefElem): string {
  const { arg } = option;
  if (arg === undefined) return 'true';
  const integer = nodeAs(arg, 'Integer');
  if (integer !== null) return String(integer.ival ?? 0);
  const boolean = nodeAs(arg, 'Boolean');
  if (boolean !== null) return boolean.boolval === true ? 'true' : 'false';
  return stringOf(arg).toLowerCase();
}

function booleanOption(option: DefElem): boolean {
  const text = optionText(option);
  if (text === 'true' || text === 'on' || text === '1') return true;
  if (text === 'false' || text === 'off' || text === '0') return false;
  throw pgError(SqlState.syntaxError, `${option.defname ?? ''} requires a Boolean value`);
}

function parallelWorkers(option: DefElem): number {
  if (option.arg === undefined) {
    throw pgError(SqlState.syntaxError, 'parallel option requires a value between 0 and 1024', {
      location: option.location ?? 0,
    });
  }
  const count = Number(optionText(option));
  if (!(count >= 0 && count <= 1024)) {
    throw pgError(SqlState.syntaxError, 'parallel workers for vacuum must be between 0 and 1024', {
      location: option.location ?? 0,
    });
  }
  return count;
}

/** The tables of one command as it comes to them. SKIP_LOCKED: a table that would have to be waited for is left out,
 *  with a warning where it was named. */
class MaintainedTables {
  constructor(
    private readonly verb: Verb,
    private readonly skips: boolean,
  ) {}

  /** A table by its name, if the user may maintain it: looked at before its lock, so that nobody can make others wait for
   *  a table that isn't his. */
  async named(context: CommandContext, range: RangeVar): Promise<RelationDescriptor | null> {
    const name = range.relname ?? '';
    const relation = await this.locking(context, name, () =>
      lockRelationByName(context, range, 'AccessShareLock', this.skips ? { noWait: true } : {}),
    );
    return relation !== null && mayMaintain(context, relation, this.verb) ? relation : null;
  }

  /** The table, locked for its work; null where it is gone, out of reach or left out, all said with a warning. */
  async open(context: CommandContext, target: Target, mode: LockMode): Promise<RelationDescriptor | null> {
    const { oid, name } = target;
    const isLocked = await this.locking(context, name, async () => {
      await context.transaction.lockRelation(oid, mode, { noWait: this.skips, name: name ?? String(oid) });
      return true;
    });
    if (isLocked !== true) return null;
    const relation = context.catalog.relation(oid);
    if (relation !== null) return mayMaintain(context, relation, this.verb) ? relation : null;
    if (name !== null)
      skip(context, `skipping ${this.verb} of "${name}" --- relation no longer exists`, SqlState.undefinedTable);
    return null;
  }

  private async locking<T>(context: CommandContext, name: string | null, lock: () => Promise<T>): Promise<T | null> {
    try {
      return await lock();
    } catch (error) {
      if (!this.skips || !(error instanceof PgError) || error.code !== SqlState.lockNotAvailable) throw error;
      const message = `skipping ${this.verb} of "${name ?? ''}" --- lock not available`;
      if (name !== null) skip(context, message, SqlState.lockNotAvailable);
      return null;
    }
  }
}

/** All tables of the database that the user may maintain, a warning for each other one. */
function allTables(context: CommandContext, verb: Verb): Target[] {
  const result: Target[] = [];
  for (const kind of ['r', 'm']) {
    for (const { row } of context.catalog.tables.find('pg_class', { relkind: kind })) {
      const relation = context.catalog.relation(row.oid);
      if (relation === null || (relation.persistence === 't' && relation.file.temporaryOwner === 0)) continue;
      if (mayMaintain(context, relation, verb)) result.push({ oid: relation.oid, name: null, columns: null });
    }
  }
  return result;
}

async function namedTables(
  context: CommandContext,
  list: readonly VacuumRelation[],
  tables: MaintainedTables,
): Promise<Target[]> {
  const result: Target[] = [];
  for (const item of list) {
    const relation = await tables.named(context, item.relation ?? {});
    if (relation === null) continue;
    const columns = (item.va_cols ?? []).map(stringOf);
    checkColumns(relation, columns);
    const name = item.relation?.relname ?? relation.name;
    result.push({ oid: relation.oid, name, columns: columns.length === 0 ? null : columns });
    if (relation.kind !== 'p') continue;
    for (const oid of context.catalog.inheritors(relation.oid))
      if (oid !== relation.oid) result.push({ oid, name: null, columns: null });
  }
  return result;
}

function checkColumns(relation: RelationDescriptor, columns: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of columns) {
    if (!relation.attributes.some((attribute) => !attribute.isDropped && attribute.name === name)) {
      throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${relation.name}" does not exist`);
    }
    if (seen.has(name)) {
      throw pgError(SqlState.duplicateColumn, `column "${name}" of relation "${relation.name}" appears more than once`);
    }
    seen.add(name);
  }
}

function mayMaintain(context: CommandContext, relation: RelationDescriptor, verb: Verb): boolean {
  if (hasRelationPrivilege(context, relation, aclBit.maintain)) return true;
  skip(context, `permission denied to ${verb} "${relation.name}", skipping it`);
  return false;
}

function skip(context: CommandContext, message: string, code: SqlState = SqlState.warning): void {
  context.notice({ severity: 'WARNING', code, message, fields: {} });
}
