// What sessions of one environment share of statements that clients prepare by the protocol: the analysis of a text, and
// the generic plan once it is settled that it serves. A session that prepares the text next need not plan for it.
// Invariant: nothing in here belongs to a session; what was found under another version of the catalogs is not used.
import { cachedStatementCharactersMax, sharedStatementsMax } from '../../base/limits.js';
import { unitOf } from '../../executor/expressions/unit.js';
import type { ParsedStatement } from '../../parser/parse.js';
import type { PlannedStatement } from '../../trees/plan.js';
import type { Query } from '../../trees/query.js';
import type { BoundStatement } from '../../trees/statement.js';
import type { Session } from '../session.js';
import { type PlanEnvironment, planEnvironment } from './plan-environment.js';
import { type RelationSize, sizesOf } from './relation-size.js';
import { isQuery, isRepeatable } from './repeatable.js';

interface Analysis {
  readonly bound: BoundStatement;
  readonly parameterTypes: readonly number[];
}

export interface SharedStatement extends Analysis {
  readonly plans: SharedPlans;
  /** After the rewriter, once it was asked for. */
  rewritten: Query | null;
}

interface Entry {
  readonly catalogVersion: number;
  readonly statement: SharedStatement;
}

const entries = new Map<string, Entry>();

/** The statement of this text, analyzed now if it is not known; null where its kind is never shared. */
export function sharedStatement(
  session: Session,
  text: { readonly sql: string; readonly raw: ParsedStatement; readonly types: readonly number[] | null },
  analyze: () => Analysis,
): SharedStatement | null {
  const { sql, raw, types } = text;
  const environment = planEnvironment(session);
  if (environment === null || types === null || sql.length > cachedStatementCharactersMax || !isQuery(raw)) return null;
  const key = `${environment.name} ${types.join(' ')} ${sql}`;
  const known = entries.get(key);
  const catalogVersion = session.catalog.version();
  if (known?.catalogVersion === catalogVersion) {
    entries.delete(key);
    entries.set(key, known);
    return known.statement;
  }
  if (!isRepeatable(sql)) return null;
  const statement = { ...analyze(), plans: new SharedPlans(environment), rewritten: null };
  if (session.catalog.version() !== catalogVersion) return null;
  entries.set(key, { catalogVersion, statement });
  if (entries.size > sharedStatementsMax) {
    const oldest = entries.keys().next();
    if (!oldest.done) entries.delete(oldest.value);
  }
  return statement;
}

/** The generic plan of a statement that some session has settled on. */
export class SharedPlans {
  private generic: PlannedStatement | null = null;
  private sizes: readonly RelationSize[] = [];

  constructor(private readonly environment: PlanEnvironment) {}

  /** The plan, if it was made for tables about as large as they are now. */
  find(session: Session): PlannedStatement | null {
    const { generic } = this;
    if (generic === null || generic.catalogVersion !== session.catalog.version() || !this.isFor(session)) return null;
    const now = sizesOf(session, generic);
    if (this.sizes.every((size, n) => isNear(size, now[n]))) return generic;
    this.generic = null;
    return null;
  }

  /** Keeps a plan for the others; compiled, it must not hold on to this session. */
  keep(session: Session, generic: PlannedStatement): void {
    if (generic.catalogVersion < 0 || generic === this.generic || !this.isFor(session)) return;
    unitOf(generic, this.environment.catalog);
    this.sizes = sizesOf(session, generic);
    this.generic = generic;
  }

  /** The session's settings may have changed since it found these. */
  private isFor(session: Session): boolean {
    return planEnvironment(session) === this.environment;
  }
}

/** A quarter more or less makes no other plan. */
function isNear(before: RelationSize, now: RelationSize | undefined): boolean {
  if (now === undefined) return false;
  const isClose = (left: number, right: number) => Math.abs(left - right) <= Math.max(left, right) / 4;
  return isClose(before.rows, now.rows) && isClose(before.pages, now.pages);
}
