// Statements of the simple protocol by their text: a text that comes again in the same environment needs no parser, no
// analyzer and no planner. One cache for each worker, bounded; what was used longest ago goes first.
// Invariant: a statement found here gives the same result, or the same error, as if it had just been parsed.
import { cachedStatementCharactersMax, statementCacheWeightMax } from '../../base/limits.js';
import type { ParsedStatement } from '../../parser/parse.js';
import type { Session } from '../session.js';
import { CachedStatement } from './cached-statement.js';
import { type PlanEnvironment, planEnvironment } from './plan-environment.js';
import { isQuery, isRepeatable } from './repeatable.js';

interface Entry {
  readonly statement: CachedStatement;
  readonly weight: number;
}

const entries = new Map<string, Entry>();
let weightSum = 0;

/** The statement of this text, ready to run; null where it must be parsed. */
export function findStatement(session: Session, sql: string): CachedStatement | null {
  if (entries.size === 0 || sql.length > cachedStatementCharactersMax) return null;
  const environment = planEnvironment(session);
  if (environment === null) return null;
  const key = keyOf(environment, sql);
  const entry = entries.get(key);
  if (entry === undefined) return null;
  entries.delete(key);
  if (!entry.statement.isCurrent(session)) {
    weightSum -= entry.weight;
    return null;
  }
  entries.set(key, entry);
  entry.statement.refresh(session);
  return entry.statement;
}

/** A statement to run now and, where `keepStatement` finds it worth it, again; null where its kind is never kept. */
export function makeStatement(session: Session, raw: ParsedStatement, sql: string): CachedStatement | null {
  if (sql.length > cachedStatementCharactersMax || !isQuery(raw) || !isRepeatable(sql)) return null;
  const environment = planEnvironment(session);
  if (environment === null) return null;
  return new CachedStatement(
    {
      name: '',
      sourceText: sql,
      queryString: sql,
      raw,
      declaredTypes: null,
      fromSql: false,
      preparedAt: 0n,
    },
    environment,
    readsClock.test(sql),
  );
}

/** Forgets every statement. */
export function forgetStatements(): void {
  entries.clear();
  weightSum = 0;
}

/** Keeps a statement that has been opened. */
export function keepStatement(session: Session, statement: CachedStatement): void {
  const { sourceText } = statement;
  if (!statement.isCurrent(session) || session.catalog.version() < 0) return;
  const key = keyOf(statement.environment, sourceText);
  const before = entries.get(key);
  if (before !== undefined) {
    weightSum -= before.weight;
    entries.delete(key);
  }
  const weight = 1 + statement.relationCount + Math.ceil(sourceText.length / 1024);
  entries.set(key, { statement, weight });
  weightSum += weight;
  for (const [oldest, entry] of entries) {
    if (weightSum <= statementCacheWeightMax) break;
    entries.delete(oldest);
    weightSum -= entry.weight;
  }
}

function keyOf(environment: PlanEnvironment, sql: string): string {
  return `${environment.name} ${sql}`;
}

const readsClock = /\bnow\s*\(|\bcurrent_(?:date|time)|\blocaltime|_timestamp\s*\(/i;
