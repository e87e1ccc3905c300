// MERGE: for each row of the join of target and source, the first action whose kind and condition fit is done. A target row
// that changed meanwhile is locked, joined again and gets its action chosen anew.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { StoredRow } from '../../storage/api.js';
import type { PlanMergeAction } from '../../trees/plan.js';
import type { Row, Value } from '../../types/value.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import { currentVersion } from './current-version.js';
import { junkColumn, rowIdOf } from './eval-plan-qual.js';
import { type ModifyTableNode, modifySources, refuseTriggers } from './modify-table.js';

interface ActionProgram {
  readonly action: PlanMergeAction;
  readonly condition: QualProgram | null;
  readonly values: RowProgram;
  readonly changed: ReadonlySet<number>;
}

interface MergeProgram {
  readonly actions: readonly ActionProgram[];
  readonly isMatched: QualProgram | null;
  readonly ctidColumn: number;
}

const triggerEvent = { insert: 4, delete: 8, update: 16 } as const;

export class MergeWriter {
  private readonly program: MergeProgram;

  constructor(private readonly node: ModifyTableNode) {
    const { x, plan, relation } = node;
    this.program = x.unit.cached(plan.mergeActions, () => {
      const sources = modifySources(relation);
      return {
        actions: plan.mergeActions.map((action) => ({
          action,
          condition: action.condition === null ? null : compileQual(x.unit, [action.condition], sources),
          values: compileTargets(x.unit, action.targetList, sources),
          changed: new Set(action.updateColumns),
        })),
        isMatched: plan.mergeJoinCondition === null ? null : compileQual(x.unit, [plan.mergeJoinCondition], sources),
        ctidColumn: junkColumn(plan.outer, 'ctid'),
      };
    });
  }

  async prepare(): Promise<void> {
    const { x } = this.node;
    for (const { condition, values } of this.program.actions) {
      if (condition !== null) await x.ensureInit(condition.initParams);
      await x.ensureInit(values.initParams);
    }
  }

  /** Applies the actions to one row of the join. */
  async apply(input: Row): Promise<void> {
    const { x, target } = this.node;
    const rowid = rowIdOf(input[this.program.ctidColumn]);
    if (rowid === null) {
      await this.actOn(null, 'notMatchedByTarget', input);
      return;
    }
    const seen = target.table.get(x.context.view, rowid, null);
    if (seen === null) return;
    const chosen = await this.choose(seen, input);
    if (chosen === null || chosen.action.command === 'nothing') return;
    await target.lock(rowid, chosen.action.command === 'delete' ? 'update' : target.lockMode(chosen.changed));
    const version = currentVersion(x, target.table, rowid, { goneVerb: 'delete', touched: this.node.touched });
    if (version.state === 'own') throw secondTime();
    if (version.state === 'deleted') {
      await this.actOn(null, 'notMatchedByTarget', input);
      return;
    }
    if (version.state === 'same') {
      await this.perform(chosen, version.row, input);
      return;
    }
    const again = await this.node.reevaluate(input, version.row);
    if (again === null) return;
    if (rowIdOf(again[this.program.ctidColumn]) === null) await this.actOn(null, 'notMatchedByTarget', again);
    else {
      const next = await this.choose(version.row, again);
      if (next !== null) await this.perform(next, version.row, again);
    }
  }

  private async choose(row: StoredRow, input: Row): Promise<ActionProgram | null> {
    const { isMatched } = this.program;
    const scanRow = this.node.withSystem(row.values, row.rowid, row.xmin);
    const matched = isMatched === null || (await isMatched.run(this.node.x, scanRow, input, input));
    return this.firstFitting(matched ? 'matched' : 'notMatchedBySource', scanRow, input);
  }

  private async firstFitting(
    match: PlanMergeAction['match'],
    scanRow: Row | null,
    input: Row,
  ): Promise<ActionProgram | null> {
    for (const candidate of this.program.actions) {
      if (candidate.action.match !== match) continue;
      if (candidate.condition === null || (await candidate.condition.run(this.node.x, scanRow, input, input)))
        return candidate;
    }
    return null;
  }

  private async actOn(row: StoredRow | null, match: PlanMergeAction['match'], input: Row): Promise<void> {
    const nulls = new Array<Value>(this.node.relation.attributes.length + 2).fill(null);
    const chosen = await this.firstFitting(match, nulls, input);
    if (chosen !== null) await this.perform(chosen, row, input);
  }

  private async perform(chosen: ActionProgram, row: StoredRow | null, input: Row): Promise<void> {
    const { node } = this;
    const { command } = chosen.action;
    if (command === 'nothing') return;
    refuseTriggers(node.relation, triggerEvent[command], 'row');
    node.x.mergeAction = command.toUpperCase();
    const scanRow = row === null ? null : node.withSystem(row.values, row.rowid, row.xmin);
    if (command === 'insert') {
      await node.insertRows([await chosen.values.run(node.x, scanRow, input, input)], [input]);
    } else if (row !== null && command === 'update') {
      const values = await chosen.values.run(node.x, scanRow, input, input);
      await node.applyUpdate(row, node.updatedRow(row, values, chosen.action.updateColumns), input, chosen.changed);
    } else if (row !== null) await node.applyDelete(row, input);
  }
}

function secondTime(): Error {
  return pgError(SqlState.cardinalityViolation, 'MERGE command cannot affect row a second time', {
    hint: 'Ensure that not more than one source row matches any one target row.',
  });
}
