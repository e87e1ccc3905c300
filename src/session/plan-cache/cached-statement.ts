// A statement that may be run again by any session of its environment: bound and planned once, and planned anew where a
// relation that the plan reads has grown or shrunk, because a fresh plan might then be another one.
import { unitOf } from '../../executor/expressions/unit.js';
import type { PlannedStatement } from '../../trees/plan.js';
import type { ParameterValue } from '../parameters.js';
import { PreparedStatement, type PreparedStatementOptions } from '../prepared-statement.js';
import type { Session } from '../session.js';
import type { PlanEnvironment } from './plan-environment.js';

interface RelationSize {
  readonly relation: number;
  readonly rows: number;
  readonly pages: number;
}

export class CachedStatement extends PreparedStatement {
  private planned: PlannedStatement | null = null;
  private sizes: readonly RelationSize[] = [];

  constructor(
    options: PreparedStatementOptions,
    readonly environment: PlanEnvironment,
    /** Estimates depend on the time of day: a plan is used once. */
    private readonly plansOnce: boolean,
  ) {
    super(options);
  }

  override plan(session: Session, parameters: readonly ParameterValue[]): PlannedStatement {
    const planned = super.plan(session, parameters);
    if (planned === this.planned) return planned;
    this.planned = planned;
    this.sizes = [];
    if (planned.catalogVersion >= 0) {
      this.sizes = planned.dependencies.map((relation) => sizeOf(session, relation));
      // Compiled code keeps its catalog: it must not be this session's.
      unitOf(planned, this.environment.catalog);
    }
    return planned;
  }

  /** Makes it ready to run again: forgets a plan that would come out differently now. */
  refresh(session: Session): void {
    if (this.planned === null) return;
    if (!this.plansOnce && this.sizes.every((size) => isSame(size, sizeOf(session, size.relation)))) return;
    this.planned = null;
    this.forgetPlan();
  }

  /** Relations that the plan reads: what it costs to keep grows with them. */
  get relationCount(): number {
    return this.planned?.rangeTable.length ?? 0;
  }
}

function sizeOf(session: Session, relation: number): RelationSize {
  // A view is in the plan for its privileges only.
  const hasFile = session.catalog.relation(relation)?.kind !== 'v';
  const { rows, pages } = hasFile ? session.catalog.relationSize(relation) : { rows: 0, pages: 0 };
  return { relation, rows, pages };
}

function isSame(left: RelationSize, right: RelationSize): boolean {
  return left.rows === right.rows && left.pages === right.pages;
}
