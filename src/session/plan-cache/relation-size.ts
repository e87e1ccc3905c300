// How large a plan's relations are: a plan for others may be another one.
import type { PlannedStatement } from '../../trees/plan.js';
import type { Session } from '../session.js';

export interface RelationSize {
  readonly relation: number;
  readonly rows: number;
  readonly pages: number;
}

/** The sizes of what a plan depends on, as they are now. */
export function sizesOf(session: Session, planned: PlannedStatement): readonly RelationSize[] {
  return planned.dependencies.map((relation) => sizeOf(session, relation));
}

/** A relation's size as the planner sees it. */
export function sizeOf(session: Session, relation: number): RelationSize {
  // A view is in the plan for its privileges only.
  const hasFile = session.catalog.relation(relation)?.kind !== 'v';
  const { rows, pages } = hasFile ? session.catalog.relationSize(relation) : { rows: 0, pages: 0 };
  return { relation, rows, pages };
}
