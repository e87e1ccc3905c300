// The last step for a query level's plan: its range table joins the statement's flat one, and expressions are
// renumbered. Scan nodes read their relation under its flat index; the nodes above refer to columns of their inputs
// (outerVar, innerVar). What an input computes already is not computed again but referred to.
import type { Expression, SubPlan, TargetEntry, Var } from '../trees/expression.js';
import { indexVar, innerVar, outerVar } from '../trees/expression.js';
import type { GroupColumn, IndexQual, ModifyMember, Plan, PlanMergeAction, PlanRowMark } from '../trees/plan.js';
import type { Query, RangeTableEntry } from '../trees/query.js';
import { forEachSubquery } from '../trees/walk.js';
import { equalTrees } from './expressions/equal.js';
import { varForExpr } from './expressions/make.js';
import { mapChildren, mapTargetList, mapRte } from './expressions/walk.js';
import type { PlannerInfo } from './planner-info.js';

/** The plan with final references. Adds the level's range table and row marks to the statement's. */
export function setReferences(root: PlannerInfo, plan: Plan): Plan {
  const { global } = root;
  const offset = global.rangeTable.length;
  global.rangeTable.push(...root.rangeTable);
  for (const rel of root.rels) {
    if (rel?.isDummy && rel.rte?.kind === 'subquery') global.rangeTable.push(...checkedRelations(rel.rte.subquery));
  }
  const setter = new ReferenceSetter(root, offset);
  global.rowMarks.push(...setter.marks(root.rowMarks));
  const result = setter.plan(plan);
  root.rangeTable.forEach((rte, index) => {
    // Function calls and VALUES lists run from the range table itself.
    if (rte.kind === 'function' || rte.kind === 'values') {
      global.rangeTable[offset + index] = mapRte(rte, {
        expression: setter.scanExpression,
        subquery: (query) => query,
      });
    }
  });
  return result;
}

/** The relations of a subquery that no row is read from: privileges on them are wanted all the same. */
function checkedRelations(query: Query): RangeTableEntry[] {
  const found = query.rangeTable.filter((rte) => rte.kind === 'relation' && rte.permissions !== null);
  forEachSubquery(query, (inner) => found.push(...checkedRelations(inner)));
  return found;
}

interface InputColumns {
  readonly varno: number;
  readonly list: readonly TargetEntry[];
}

class ReferenceSetter {
  constructor(
    private readonly root: PlannerInfo,
    private readonly offset: number,
  ) {}

  /** An expression over the level's range table. */
  readonly scanExpression = (node: Expression): Expression => {
    if (node.kind === 'Var') {
      if (node.varno <= 0) return node;
      return { ...node, varno: node.varno + this.offset, nullingRels: [] };
    }
    if (node.kind === 'CurrentOfExpr') return { ...node, varno: node.varno + this.offset };
    if (node.kind === 'PlaceHolderVar') return this.scanExpression(node.arg);
    return mapChildren(node, this.scanExpression);
  };

  private scanList(list: readonly Expression[]): readonly Expression[] {
    return list.map(this.scanExpression);
  }

  private entries(list: readonly TargetEntry[], map: (node: Expression) => Expression): readonly TargetEntry[] {
    return mapTargetList(list, map);
  }

  /** An expression over the columns of one or two inputs; `keep`: relation whose own columns stay as they are. */
  private over(inputs: readonly InputColumns[], keep = 0): (node: Expression) => Expression {
    const map = (node: Expression): Expression => {
      const found = this.find(inputs, node, keep);
      if (found !== null) return found;
      if (node.kind === 'PlaceHolderVar') return map(node.arg);
      // Its arguments are never evaluated: only their places in the grouping count.
      if (node.kind === 'GroupingFunc') return this.scanExpression(node);
      return mapChildren(node, map);
    };
    return map;
  }

  private find(inputs: readonly InputColumns[], node: Expression, keep: number): Expression | null {
    if (node.kind === 'Const' || node.kind === 'Param') return node;
    if (node.kind === 'Aggref' && this.root.minMaxParams.length > 0) {
      const replaced = this.root.minMaxParams.find((item) => equalTrees(item.aggregate, node));
      if (replaced !== undefined) return this.find(inputs, replaced.param, keep);
    }
    if (node.kind === 'Var') {
      if (keep > 0 && node.varno === keep) return { ...node, varno: node.varno + this.offset, nullingRels: [] };
      for (const input of inputs) {
        const entry = input.list.find(
          (item) =>
            item.expr.kind === 'Var' &&
            item.expr.varno === node.varno &&
            item.expr.attno === node.attno &&
            item.expr.levelsUp === 0,
        );
        if (entry !== undefined) return { ...node, varno: input.varno, attno: entry.resno, nullingRels: [] };
      }
      if (node.varno < 0) return node;
      throw new Error(`planner: column ${node.varno}.${node.attno} not found in the inputs of a plan node`);
    }
    const isPlaceHolder = node.kind === 'PlaceHolderVar';
    for (const input of inputs) {
      const entry = input.list.find((item) =>
        isPlaceHolder
          ? item.expr.kind === 'PlaceHolderVar' && item.expr.id === node.id
          : item.expr.kind !== 'Var' &&
            item.expr.kind !== 'Const' &&
            item.expr.kind === node.kind &&
            equalTrees(item.expr, node),
      );
      if (entry !== undefined) return varForExpr(input.varno, entry.resno, entry.expr);
    }
    return null;
  }

  /** Target entries over one input; grouping and sort columns are matched by their references first. */
  private upperEntries(list: readonly TargetEntry[], input: InputColumns): readonly TargetEntry[] {
    const map = this.over([input]);
    return list.map((entry) => {
      if (entry.sortGroupRef > 0) {
        const same = input.list.find(
          (item) => item.sortGroupRef === entry.sortGroupRef && equalTrees(item.expr, entry.expr),
        );
        if (same !== undefined) return { ...entry, expr: varForExpr(input.varno, same.resno, same.expr) };
      }
      return { ...entry, expr: map(entry.expr) };
    });
  }

  plan(plan: Plan): Plan {
    const done = this.node(plan);
    return done.initPlans.length === 0
      ? done
      : { ...done, initPlans: done.initPlans.map((item) => this.initPlan(item)) };
  }

  private initPlan(item: SubPlan): SubPlan {
    return item;
  }

  private node(plan: Plan): Plan {
    switch (plan.kind) {
      case 'SeqScan':
      case 'SampleScan':
      case 'IndexScan':
      case 'IndexOnlyScan':
      case 'BitmapHeapScan':
      case 'TidScan':
      case 'TidRangeScan':
      case 'FunctionScan':
      case 'ValuesScan':
      case 'CteScan':
      case 'NamedTuplestoreScan':
      case 'WorkTableScan':
      case 'SubqueryScan':
        return this.scan(plan);
      case 'NestLoop':
      case 'HashJoin':
      case 'MergeJoin':
        return this.join(plan);
      case 'Append':
      case 'MergeAppend':
        return this.append(plan);
      case 'RecursiveUnion':
        return {
          ...plan,
          targetList: passThrough(plan.targetList),
          outer: this.plan(plan.outer),
          inner: this.plan(plan.inner),
        };
      case 'Hash':
      case 'Material':
      case 'Sort':
      case 'IncrementalSort':
      case 'Unique':
      case 'SetOp':
        return { ...plan, targetList: passThrough(plan.targetList), outer: this.plan(plan.outer) };
      case 'Memoize':
        return {
          ...plan,
          targetList: passThrough(plan.targetList),
          outer: this.plan(plan.outer),
          keys: this.scanList(plan.keys),
        };
      case 'LockRows':
        return {
          ...plan,
          targetList: passThrough(plan.targetList),
          outer: this.plan(plan.outer),
          rowMarks: this.marks(plan.rowMarks),
        };
      case 'Limit':
        return this.limit(plan);
      case 'Result':
        return this.result(plan);
      case 'ProjectSet':
      case 'Group':
      case 'Agg':
      case 'WindowAgg':
        return this.upper(plan);
      case 'ModifyTable':
        return this.modifyTable(plan);
      case 'BitmapIndexScan':
      case 'BitmapAnd':
      case 'BitmapOr':
        return this.bitmap(plan);
    }
  }

  private limit(plan: Extract<Plan, { kind: 'Limit' }>): Plan {
    return {
      ...plan,
      targetList: passThrough(plan.targetList),
      outer: this.plan(plan.outer),
      offset: plan.offset === null ? null : this.scanExpression(plan.offset),
      count: plan.count === null ? null : this.scanExpression(plan.count),
    };
  }

  private append(plan: Extract<Plan, { kind: 'Append' | 'MergeAppend' }>): Plan {
    const [only] = plan.children;
    if (plan.kind === 'Append' && plan.children.length === 1 && only !== undefined && this.sameWidth(plan, only)) {
      return this.replaceAppend(plan, only);
    }
    return {
      ...plan,
      targetList: passThrough(plan.targetList),
      children: plan.children.map((child) => this.plan(child)),
      ...(plan.parentRtIndex === undefined ? {} : { parentRtIndex: plan.parentRtIndex + this.offset }),
    };
  }

  private sameWidth(plan: Plan, child: Plan): boolean {
    return plan.targetList.length === child.targetList.length;
  }

  /** An Append of one child: the child itself, under the Append's column labels. */
  private replaceAppend(plan: Plan, child: Plan): Plan {
    const done = this.plan(child);
    const targetList = done.targetList.map((entry, index): TargetEntry => {
      const label = plan.targetList[index];
      if (label === undefined) return entry;
      const { name, originTable, originColumn, junk, sortGroupRef } = label;
      return { ...entry, name, originTable, originColumn, junk, sortGroupRef };
    });
    return { ...done, targetList, initPlans: [...plan.initPlans, ...done.initPlans] };
  }

  marks(list: readonly PlanRowMark[]): PlanRowMark[] {
    return list.map((mark) => {
      const rtIndex = mark.rtIndex + this.offset;
      const members = [...this.root.appendParents].flatMap(([member, { parent }]) => {
        const rte = this.root.rangeTable[member - 1];
        if (parent !== mark.rtIndex || rte?.kind !== 'relation') return [];
        return [{ relation: rte.relation, rtIndex: member + this.offset }];
      });
      return members.length === 0 ? { ...mark, rtIndex } : { ...mark, rtIndex, members };
    });
  }

  private indexQuals(list: readonly IndexQual[]): IndexQual[] {
    return list.map((item) => ({
      ...item,
      value: item.value === null ? null : this.scanExpression(item.value),
      clause: this.scanExpression(item.clause),
    }));
  }

  private scan(plan: Extract<Plan, { scanRtIndex: number }>): Plan {
    if (plan.kind === 'SubqueryScan') return this.subqueryScan(plan);
    const common = {
      scanRtIndex: plan.scanRtIndex + this.offset,
      targetList: this.entries(plan.targetList, this.scanExpression),
      qual: this.scanList(plan.qual),
    };
    switch (plan.kind) {
      case 'SampleScan': {
        const { tableSample } = plan;
        const repeatable = tableSample.repeatable === null ? null : this.scanExpression(tableSample.repeatable);
        return {
          ...plan,
          ...common,
          tableSample: { ...tableSample, args: this.scanList(tableSample.args), repeatable },
        };
      }
      case 'IndexScan':
        return { ...plan, ...common, indexQuals: this.indexQuals(plan.indexQuals) };
      case 'IndexOnlyScan':
        return this.indexOnlyScan(plan);
      case 'BitmapIndexScan':
        return this.bitmap(plan);
      case 'BitmapHeapScan':
        return {
          ...plan,
          ...common,
          outer: this.bitmap(plan.outer),
          recheckQual: this.scanList(plan.recheckQual),
        };
      case 'TidScan':
        return { ...plan, ...common, tidQuals: this.scanList(plan.tidQuals) };
      case 'TidRangeScan':
        return { ...plan, ...common, tidRangeQuals: this.scanList(plan.tidRangeQuals) };
      default:
        return { ...plan, ...common };
    }
  }

  private bitmap<T extends Extract<Plan, { kind: 'BitmapIndexScan' | 'BitmapAnd' | 'BitmapOr' }>>(plan: T): T;
  private bitmap(plan: Extract<Plan, { kind: 'BitmapIndexScan' | 'BitmapAnd' | 'BitmapOr' }>): Plan {
    if (plan.kind === 'BitmapIndexScan') {
      return { ...plan, scanRtIndex: plan.scanRtIndex + this.offset, indexQuals: this.indexQuals(plan.indexQuals) };
    }
    return { ...plan, children: plan.children.map((child) => this.bitmap(child)) };
  }

  private indexOnlyScan(plan: Extract<Plan, { kind: 'IndexOnlyScan' }>): Plan {
    const live = plan.indexTargetList.filter((entry) => !entry.junk);
    const map = this.over([{ varno: indexVar, list: live }]);
    return {
      ...plan,
      scanRtIndex: plan.scanRtIndex + this.offset,
      targetList: this.entries(plan.targetList, map),
      qual: plan.qual.map(map),
      indexQuals: this.indexQuals(plan.indexQuals),
      indexTargetList: this.entries(plan.indexTargetList, this.scanExpression),
    };
  }

  private subqueryScan(plan: Extract<Plan, { kind: 'SubqueryScan' }>): Plan {
    const rel = this.root.rels[plan.scanRtIndex];
    const subroot = rel?.subroot;
    if (!subroot) throw new Error('planner: subquery scan without a subquery');
    const subplan = setReferences(subroot, plan.subplan);
    if (this.isTrivial(plan, subplan)) return this.withoutScan(plan, subplan);
    return {
      ...plan,
      scanRtIndex: plan.scanRtIndex + this.offset,
      subplan,
      targetList: this.entries(plan.targetList, this.scanExpression),
      qual: this.scanList(plan.qual),
    };
  }

  /** A scan that returns its subplan's columns as they are does nothing. */
  private isTrivial(plan: Extract<Plan, { kind: 'SubqueryScan' }>, subplan: Plan): boolean {
    if (plan.qual.length > 0 || plan.targetList.length !== subplan.targetList.length) return false;
    return plan.targetList.every((entry, index) => {
      const below = subplan.targetList[index];
      if (below === undefined || below.junk !== entry.junk) return false;
      const { expr } = entry;
      if (expr.kind === 'Var') return expr.attno === below.resno && expr.varno === plan.scanRtIndex;
      return expr.kind === 'Const' && equalTrees(expr, below.expr);
    });
  }

  private withoutScan(plan: Plan, subplan: Plan): Plan {
    const targetList = subplan.targetList.map((entry, index): TargetEntry => {
      const label = plan.targetList[index];
      if (label === undefined) return entry;
      const { name, originTable, originColumn, junk, sortGroupRef } = label;
      return { ...entry, name: name ?? entry.name, originTable, originColumn, junk, sortGroupRef };
    });
    return { ...subplan, targetList, initPlans: [...plan.initPlans, ...subplan.initPlans] };
  }

  private join(plan: Extract<Plan, { kind: 'NestLoop' | 'HashJoin' | 'MergeJoin' }>): Plan {
    const outerColumns: InputColumns = { varno: outerVar, list: plan.outer.targetList };
    const innerColumns: InputColumns = { varno: innerVar, list: plan.inner.targetList };
    const map = this.over([outerColumns, innerColumns]);
    const fromOuter = this.over([outerColumns]);
    const fromInner = this.over([innerColumns]);
    const common = {
      targetList: this.entries(plan.targetList, map),
      qual: plan.qual.map(map),
      joinQual: plan.joinQual.map(map),
      outer: this.plan(plan.outer),
    };
    switch (plan.kind) {
      case 'NestLoop':
        return {
          ...plan,
          ...common,
          inner: this.plan(plan.inner),
          parameters: plan.parameters.map((item) => ({ ...item, value: fromOuter(item.value) })),
        };
      case 'HashJoin': {
        const hash = this.plan(plan.inner);
        if (hash.kind !== 'Hash') throw new Error('planner: hash join without a hash table');
        return {
          ...plan,
          ...common,
          inner: hash,
          hashClauses: plan.hashClauses.map(map),
          outerKeys: plan.outerKeys.map(fromOuter),
          innerKeys: plan.innerKeys.map(fromInner),
        };
      }
      case 'MergeJoin':
        return {
          ...plan,
          ...common,
          inner: this.plan(plan.inner),
          mergeClauses: plan.mergeClauses.map((item) => ({
            ...item,
            clause: map(item.clause),
            outerKey: fromOuter(item.outerKey),
            innerKey: fromInner(item.innerKey),
          })),
        };
    }
  }

  private result(plan: Extract<Plan, { kind: 'Result' }>): Plan {
    if (plan.outer === null) {
      return {
        ...plan,
        targetList: this.entries(plan.targetList, this.scanExpression),
        qual: this.scanList(plan.qual),
        constantQual: this.scanList(plan.constantQual),
      };
    }
    const input: InputColumns = { varno: outerVar, list: plan.outer.targetList };
    return {
      ...plan,
      targetList: this.upperEntries(plan.targetList, input),
      qual: plan.qual.map(this.over([input])),
      constantQual: this.scanList(plan.constantQual),
      outer: this.plan(plan.outer),
    };
  }

  private upper(plan: Extract<Plan, { kind: 'ProjectSet' | 'Group' | 'Agg' | 'WindowAgg' }>): Plan {
    const input: InputColumns = { varno: outerVar, list: plan.outer.targetList };
    const map = this.over([input]);
    const common = {
      targetList: this.upperEntries(plan.targetList, input),
      qual: plan.qual.map(map),
      outer: this.plan(plan.outer),
    };
    if (plan.kind !== 'WindowAgg') return { ...plan, ...common };
    const { frame } = plan;
    const bound = (item: typeof frame.start): typeof frame.start =>
      item.offset === null ? item : { ...item, offset: this.scanExpression(item.offset) };
    return {
      ...plan,
      ...common,
      frame: { ...frame, start: bound(frame.start), end: bound(frame.end) },
      runCondition: plan.runCondition.map((item) => this.runCondition(item, map)),
    };
  }

  private runCondition(item: Expression, map: (node: Expression) => Expression): Expression {
    return map(item);
  }

  private member(member: ModifyMember, input: InputColumns): ModifyMember {
    const map = this.over([input], member.resultRelation);
    return {
      resultRelation: member.resultRelation + this.offset,
      updateColumns: member.updateColumns,
      returningList: this.entries(member.returningList, map),
      mergeActions: this.mergeActions(member.mergeActions, map),
      mergeJoinCondition: member.mergeJoinCondition === null ? null : map(member.mergeJoinCondition),
      withCheckOptions: member.withCheckOptions.map((item) => ({ ...item, qual: this.scanExpression(item.qual) })),
    };
  }

  private mergeActions(
    actions: readonly PlanMergeAction[],
    map: (node: Expression) => Expression,
  ): readonly PlanMergeAction[] {
    return actions.map((action) => ({
      ...action,
      condition: action.condition === null ? null : map(action.condition),
      targetList: this.entries(action.targetList, map),
    }));
  }

  private modifyTable(plan: Extract<Plan, { kind: 'ModifyTable' }>): Plan {
    const input: InputColumns = { varno: outerVar, list: plan.outer.targetList };
    const map = this.over([input], plan.resultRelation);
    const returningList = this.entries(plan.returningList, map);
    const { onConflict } = plan;
    return {
      ...plan,
      resultRelation: plan.resultRelation + this.offset,
      targetList: returningList,
      returningList,
      outer: this.plan(plan.outer),
      rowMarks: this.marks(plan.rowMarks),
      onConflict:
        onConflict === null
          ? null
          : {
              ...onConflict,
              set: this.entries(onConflict.set, this.scanExpression),
              where: onConflict.where === null ? null : this.scanExpression(onConflict.where),
              excludedRtIndex: onConflict.excludedRtIndex + this.offset,
            },
      mergeActions: this.mergeActions(plan.mergeActions, map),
      mergeJoinCondition: plan.mergeJoinCondition === null ? null : map(plan.mergeJoinCondition),
      withCheckOptions: plan.withCheckOptions.map((item) => ({ ...item, qual: this.scanExpression(item.qual) })),
      ...(plan.members === undefined ? {} : { members: plan.members.map((member) => this.member(member, input)) }),
    };
  }
}

/** The target list of a node that hands its input's rows on: column n is the input's column n. */
function passThrough(list: readonly TargetEntry[]): readonly TargetEntry[] {
  return list.map((entry) => {
    if (entry.expr.kind === 'Const') return entry;
    const expr: Var = varForExpr(outerVar, entry.resno, entry.expr);
    return { ...entry, expr };
  });
}

/** Columns of a node found by number, for checks. */
export function columnsExist(columns: readonly GroupColumn[], list: readonly TargetEntry[]): boolean {
  return columns.every((item) => list[item.column - 1] !== undefined);
}
