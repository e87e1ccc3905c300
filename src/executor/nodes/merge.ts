// MERGE: for each row of the join of target and source, the first action whose kind and condition fit is done. A target row
// that changed meanwhile is locked, joined again and gets its action chosen anew.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { StoredRow } from '../../storage/api.js';
import type { RowLockMode } from '../../transaction/api.js';
import type { TargetTable } from '../modify/target-table.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { ModifyMember, ModifyTable, PlanMergeAction } from '../../trees/plan.js';
import type { RunState } from '../state.js';
import { scannedRelation } from './relation-scan.js';
import type { Row, Value } from '../../types/value.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import { currentVersion } from './current-version.js';
import { junkColumn, rowIdOf } from './eval-plan-qual.js';
import { type ModifyTableNode, type WrittenTable, modifySources } from './modify-table.js';

interface ActionProgram {
  readonly action: PlanMergeAction;
  readonly condition: QualProgram | null;
  readonly values: RowProgram;
  readonly changed: ReadonlySet<number>;
}

/** The actions over the columns of one written table. */
interface TableActions {
  readonly actions: readonly ActionProgram[];
  readonly isMatched: QualProgram | null;
}

interface MergeProgram {
  readonly root: TableActions;
  /** For the tables of an inheritance tree, by RT index. */
  readonly members: ReadonlyMap<number, TableActions>;
  readonly ctidColumn: number;
}

export class MergeWriter {
  private readonly program: MergeProgram;

  constructor(private readonly node: ModifyTableNode) {
    const { x, plan, relation } = node;
    this.program = x.unit.cached(plan.mergeActions, () => ({
      root: compileActions(x, plan, relation),
      members: new Map(
        (plan.members ?? []).map((member) => [
          member.resultRelation,
          compileActions(x, member, scannedRelation(x.unit, member.resultRelation)),
        ]),
      ),
      ctidColumn: junkColumn(plan.outer, 'ctid'),
    }));
  }

  async prepare(): Promise<void> {
    const { x } = this.node;
    for (const { actions } of [this.program.root, ...this.program.members.values()]) {
      for (const { condition, values } of actions) {
        if (condition !== null) await x.ensureInit(condition.initParams);
        await x.ensureInit(values.initParams);
      }
    }
  }

  private actionsOf(table: WrittenTable): TableActions {
    return this.program.members.get(table.rtIndex) ?? this.program.root;
  }

  /** Applies the actions to one row of the join. */
  async apply(input: Row): Promise<void> {
    const { x } = this.node;
    const rowid = rowIdOf(input[this.program.ctidColumn]);
    if (rowid === null) {
      await this.insertFor(input);
      return;
    }
    const table = this.node.tableOf(input);
    const { target } = table;
    const seen = target.table.get(x.context.view, rowid, null);
    if (seen === null) return;
    const chosen = await this.choose(table, seen, input);
    if (chosen === null || chosen.action.command === 'nothing') return;
    await target.lock(rowid, lockModeOf(chosen, target), doingOf(chosen));
    this.node.requireUntouched(table, rowid, 'updated');
    const version = currentVersion(x, target.table, rowid, { goneVerb: 'delete', touched: table.touched });
    if (version.state === 'own') throw secondTime();
    if (version.state === 'deleted') {
      await this.insertFor(input);
      return;
    }
    if (version.state === 'same') {
      await this.change(table, chosen, version.row, input);
      return;
    }
    const again = await this.node.reevaluate(input, version.row, table);
    if (again === null) return;
    if (rowIdOf(again[this.program.ctidColumn]) === null) await this.insertFor(again);
    else {
      const next = await this.choose(table, version.row, again);
      if (next === null || next.action.command === 'nothing') return;
      // Another action than at first may need a stronger lock.
      await target.lock(rowid, lockModeOf(next, target), doingOf(next));
      await this.change(table, next, version.row, again);
    }
  }

  private async choose(table: WrittenTable, row: StoredRow, input: Row): Promise<ActionProgram | null> {
    const { isMatched } = this.actionsOf(table);
    const scanRow = this.node.withSystem(row.values, row.rowid, row.stamp);
    const matched = isMatched === null || (await isMatched.run(this.node.x, scanRow, input, input));
    return this.firstFitting(table, matched ? 'matched' : 'notMatchedBySource', scanRow, input);
  }

  private async firstFitting(
    table: WrittenTable,
    match: PlanMergeAction['match'],
    scanRow: Row | null,
    input: Row,
  ): Promise<ActionProgram | null> {
    for (const candidate of this.actionsOf(table).actions) {
      if (candidate.action.match !== match) continue;
      if (candidate.condition === null || (await candidate.condition.run(this.node.x, scanRow, input, input)))
        return candidate;
    }
    return null;
  }

  /** WHEN NOT MATCHED: the new row goes into the target itself. */
  private async insertFor(input: Row): Promise<void> {
    const { node } = this;
    const nulls = new Array<Value>(node.relation.attributes.length + 2).fill(null);
    const chosen = await this.firstFitting(node.root, 'notMatchedByTarget', nulls, input);
    if (chosen === null || chosen.action.command === 'nothing') return;
    node.x.mergeAction = 'INSERT';
    const row = await node.beforeInsert(await chosen.values.run(node.x, null, input, input));
    if (row !== null) await node.insertRows([row], [input]);
  }

  private async change(table: WrittenTable, chosen: ActionProgram, row: StoredRow, input: Row): Promise<void> {
    const { node } = this;
    const { command } = chosen.action;
    if (command === 'nothing' || command === 'insert') return;
    node.x.mergeAction = command.toUpperCase();
    if (command === 'delete') {
      await node.applyDelete(row, input, table);
      return;
    }
    const scanRow = node.withSystem(row.values, row.rowid, row.stamp);
    const values = await chosen.values.run(node.x, scanRow, input, input);
    const changed = node.updatedRow(row, values, chosen.action.updateColumns);
    await node.applyUpdate(row, changed, input, chosen.changed, table);
  }
}

function compileActions(x: RunState, plan: ModifyTable | ModifyMember, relation: RelationDescriptor): TableActions {
  const sources = modifySources(relation);
  return {
    actions: plan.mergeActions.map((action) => ({
      action,
      condition: action.condition === null ? null : compileQual(x.unit, [action.condition], sources),
      values: compileTargets(x.unit, action.targetList, sources),
      changed: new Set(action.updateColumns),
    })),
    isMatched: plan.mergeJoinCondition === null ? null : compileQual(x.unit, [plan.mergeJoinCondition], sources),
  };
}

function doingOf({ action }: ActionProgram): 'deleting' | 'updating' {
  return action.command === 'delete' ? 'deleting' : 'updating';
}

function lockModeOf({ action, changed }: ActionProgram, target: TargetTable): RowLockMode {
  return action.command === 'delete' ? 'remove' : target.lockMode(changed);
}

function secondTime(): Error {
  return pgError(SqlState.cardinalityViolation, 'MERGE command cannot affect row a second time', {
    hint: 'Ensure that not more than one source row matches any one target row.',
  });
}
