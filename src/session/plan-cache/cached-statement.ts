// A statement that may be run again by any session of its environment: bound and planned once, and planned anew where a
// relation that the plan reads has grown or shrunk, because a fresh plan might then be another one.
import { unitOf } from '../../executor/expressions/unit.js';
import { type PointSelect, pointSelect } from '../../executor/point-select.js';
import type { PlannedStatement } from '../../trees/plan.js';
import type { ParameterValue } from '../parameters.js';
import { PreparedStatement, type PreparedStatementOptions } from '../prepared-statement.js';
import type { Session } from '../session.js';
import type { PlanEnvironment } from './plan-environment.js';
import { type RelationSize, sizeOf, sizesOf } from './relation-size.js';

export class CachedStatement extends PreparedStatement {
  private planned: PlannedStatement | null = null;
  private sizes: readonly RelationSize[] = [];
  private readonly points = new WeakMap<
    Session,
    { readonly planned: PlannedStatement; readonly select: PointSelect | null }
  >();

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
    return planned === this.planned ? planned : this.adopt(session, planned);
  }

  /** Takes a fresh plan over: notes what it was made for, and that compiled code must not hold on to this session. */
  protected adopt(session: Session, planned: PlannedStatement): PlannedStatement {
    this.planned = planned;
    this.sizes = [];
    if (planned.catalogVersion >= 0) {
      this.sizes = sizesOf(session, planned);
      unitOf(planned, this.environment.catalog);
    }
    return planned;
  }

  /** The short way of a SELECT by key for this session; it belongs to the session, not to the statement. */
  override pointSelect(session: Session): PointSelect | null {
    const { planned } = this;
    if (planned === null || !this.isCurrent(session)) return null;
    let known = this.points.get(session);
    if (known?.planned !== planned) {
      known = { planned, select: pointSelect(planned, session.pointContext) };
      this.points.set(session, known);
    }
    return known.select;
  }

  /** Makes it ready to run again: forgets a plan that would come out differently now. */
  refresh(session: Session): void {
    if (this.planned === null || (!this.plansOnce && this.isAsBefore(session))) return;
    this.planned = null;
    this.forgetPlan();
  }

  /** The plan's relations have the size that it was made for. */
  protected isAsBefore(session: Session): boolean {
    return this.sizes.every((size) => isSame(size, sizeOf(session, size.relation)));
  }

  /** Relations that the plan reads: what it costs to keep grows with them. */
  get relationCount(): number {
    return this.planned?.rangeTable.length ?? 0;
  }
}

function isSame(left: RelationSize, right: RelationSize): boolean {
  return left.rows === right.rows && left.pages === right.pages;
}
