// Automatic VACUUM and ANALYZE of one table (manual, section 24.1.6): whether its counters ask for it, under the server's
// settings and the table's own storage parameters, and the work itself. The session decides when, and opens the
// transaction; a table that somebody holds a conflicting lock on is left for the next time.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { PgError, SqlState } from '../errors/pg-error.js';
import { statisticsService } from '../functions/server-services.js';
import { noteMaintenance, vacuumTable } from './analyze.js';
import type { CommandContext } from './api.js';
import { analyzeTable, storeSize } from './statistics-collection/analyze-table.js';

/** A threshold grows with the table: `base + scale * rows`. */
interface Threshold {
  readonly base: number;
  readonly scale: number;
}

export interface MaintenanceThresholds {
  readonly isEnabled: boolean;
  readonly vacuum: Threshold;
  /** base < 0: insertions alone ask for nothing. */
  readonly insert: Threshold;
  readonly analyze: Threshold;
}

export interface MaintenanceCounts {
  /** pg_class.reltuples: negative where it was never counted. */
  readonly rows: number;
  readonly dead: number;
  readonly inserted: number;
  readonly modified: number;
}

export interface MaintenanceNeed {
  readonly vacuum: boolean;
  readonly analyze: boolean;
}

/** The thresholds of a table with these storage parameters ("name=value"); `setting` gives the server's values. */
export function maintenanceThresholds(
  setting: (name: string) => number,
  options: readonly string[],
): MaintenanceThresholds {
  const own = new Map(options.map((option) => [option.slice(0, option.indexOf('=')), option.replace(/^[^=]*=/, '')]));
  const value = (name: string): number => Number(own.get(name) ?? setting(name));
  const threshold = (kind: string): Threshold => ({
    base: value(`autovacuum_${kind}_threshold`),
    scale: value(`autovacuum_${kind}_scale_factor`),
  });
  return {
    isEnabled: !/^(f|fa|fal|fals|false|of|off|n|no|0)$/i.test(own.get('autovacuum_enabled') ?? 'on'),
    vacuum: threshold('vacuum'),
    insert: threshold('vacuum_insert'),
    analyze: threshold('analyze'),
  };
}

/** What the counters ask for. */
export function maintenanceNeed(thresholds: MaintenanceThresholds, counts: MaintenanceCounts): MaintenanceNeed {
  if (!thresholds.isEnabled) return { vacuum: false, analyze: false };
  const rows = Math.max(0, counts.rows);
  const over = (count: number, { base, scale }: Threshold): boolean => count > base + scale * rows;
  return {
    vacuum:
      over(counts.dead, thresholds.vacuum) || (thresholds.insert.base >= 0 && over(counts.inserted, thresholds.insert)),
    analyze: over(counts.modified, thresholds.analyze),
  };
}

/** pg_statistic describes the others. */
const statisticRelation = 2619;

/** What a relation of the context's database needs now; null where it is none that is looked after, or needs nothing. */
export function relationNeed(context: CommandContext, oid: number): MaintenanceNeed | null {
  const relation = context.catalog.relation(oid);
  if (relation === null || relation.persistence === 't') return null;
  if (relation.kind !== 'r' && relation.kind !== 'm') return null;
  const row = context.catalog.tables.findOne('pg_class', { oid })?.row;
  if (row === undefined) return null;
  const statistics = context.session.service(statisticsService);
  const database = relation.isShared ? 0 : context.catalog.database;
  const thresholds = maintenanceThresholds((name) => Number(context.session.setting(name) ?? 0), relation.options);
  const { vacuum, analyze } = maintenanceNeed(thresholds, {
    rows: row.reltuples,
    dead: statistics.counter(database, oid, 'deadTuples'),
    inserted: statistics.counter(database, oid, 'insSinceVacuum'),
    modified: statistics.counter(database, oid, 'modSinceAnalyze'),
  });
  const need = { vacuum, analyze: analyze && oid !== statisticRelation };
  return need.vacuum || need.analyze ? need : null;
}

/** How pg_stat_activity shows the work. */
export function maintenanceText(relation: RelationDescriptor, need: MaintenanceNeed): string {
  const words = [need.vacuum ? 'VACUUM' : '', need.analyze ? 'ANALYZE' : ''].filter((word) => word !== '');
  return `autovacuum: ${words.join(' ')} ${relation.schemaName}.${relation.name}`;
}

/** Does the work, within the context's transaction. False where somebody holds a conflicting lock. */
export async function maintainTable(context: CommandContext, oid: number, need: MaintenanceNeed): Promise<boolean> {
  try {
    await context.transaction.lockRelation(oid, 'ShareUpdateExclusiveLock', { noWait: true });
  } catch (error) {
    if (error instanceof PgError && error.code === SqlState.lockNotAvailable) return false;
    throw error;
  }
  const relation = context.catalog.relation(oid);
  if (relation === null) return true;
  const rows = need.vacuum ? await vacuumTable(context, relation, new Map()) : 0;
  if (need.analyze) await analyzeTable(context, relation, null);
  else await storeSize(context, relation, rows);
  noteMaintenance(context, relation, { isVacuum: need.vacuum, doesAnalyze: need.analyze, isAutomatic: true });
  return true;
}
