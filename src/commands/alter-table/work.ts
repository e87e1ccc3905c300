// The state of one ALTER TABLE: for every table it touches what is to be done to the rows afterwards, and the passes in
// which its subcommands run (PostgreSQL's order: drops, type changes, new columns, old indexes and constraints again, new
// constraints, the rest).
import type { AlterTableCmd } from '@pgsql/types';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { LockMode } from '../../transaction/api.js';
import type { Expression } from '../../trees/expression.js';
import type { CommandContext } from '../api.js';

export const passes = [
  'drop',
  'alterType',
  'addColumn',
  'setExpression',
  'oldIndex',
  'oldConstraint',
  'addConstraint',
  'columnAttributes',
  'addIndexConstraint',
  'addIndex',
  'addOtherConstraint',
  'misc',
] as const;
export type Pass = (typeof passes)[number];

/** What happens to one table's rows at the end. */
export interface TableWork {
  readonly oid: number;
  /** The relation as it was before the first subcommand: its rows still have that shape. */
  readonly old: RelationDescriptor;
  /** New values by attribute number, over the old row. */
  readonly newValues: Map<number, Expression>;
  /** Generated columns to compute from the new row. */
  readonly generated: Map<number, Expression>;
  needsRewrite: boolean;
  isRewritten: boolean;
  readonly checks: { readonly name: string; readonly expression: Expression }[];
  readonly notNulls: Set<number>;
  readonly foreignKeys: number[];
  /** Domain constraints of new or changed columns are checked by coercion in newValues. */
  newPersistence: 'p' | 'u' | null;
}

export interface AlterState {
  readonly context: CommandContext;
  /** What the table is locked with, and its children. */
  readonly lockMode: LockMode;
  readonly works: Map<number, TableWork>;
  readonly queue: Map<Pass, (() => Promise<void>)[]>;
}

export function newState(context: CommandContext, lockMode: LockMode): AlterState {
  return { context, lockMode, works: new Map(), queue: new Map(passes.map((pass) => [pass, []])) };
}

/** The table's work, started with its present shape. */
export function workOf(state: AlterState, oid: number): TableWork {
  const existing = state.works.get(oid);
  if (existing !== undefined) return existing;
  const work: TableWork = {
    oid,
    old: state.context.catalog.requireRelation(oid),
    newValues: new Map(),
    generated: new Map(),
    needsRewrite: false,
    isRewritten: false,
    checks: [],
    notNulls: new Set(),
    foreignKeys: [],
    newPersistence: null,
  };
  state.works.set(oid, work);
  return work;
}

/** Queues an action for a pass; actions of one pass run in the order they came. */
export function enqueue(state: AlterState, pass: Pass, action: () => Promise<void>): void {
  state.queue.get(pass)?.push(action);
}

/** One subcommand on one table. */
export interface Subcommand {
  readonly state: AlterState;
  readonly relation: number;
  readonly command: AlterTableCmd;
  /** Also on children (no ONLY). */
  readonly recurse: boolean;
  /** This call is for a child of the named table. */
  readonly recursing: boolean;
}
export type SubcommandHandler = (call: Subcommand) => Promise<void>;

/** Direct children of a table, locked. */
export async function childrenOf(state: AlterState, relation: number): Promise<number[]> {
  const { context } = state;
  const children = context.catalog.tables.find('pg_inherits', { inhparent: relation }).map(({ row }) => row.inhrelid);
  for (const child of children) {
    await context.transaction.lockRelation(child, state.lockMode);
    workOf(state, child);
  }
  return children;
}
