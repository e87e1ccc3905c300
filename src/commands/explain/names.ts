// How EXPLAIN prints expressions: columns of a plan's inputs as what those inputs compute, exec Params as what sets them.
// The deparser does the printing; this module tells it, node by node, what stands behind each reference.
import type { Catalog } from '../../catalog/api.js';
import { expressionTextIn } from '../../catalog/deparse/expressions-text.js';
import { type Namespace, planNamespace } from '../../catalog/deparse/namespace.js';
import type { Expression, SubPlan, Var } from '../../trees/expression.js';
import { indexVar, innerVar, outerVar } from '../../trees/expression.js';
import type { Plan, PlannedStatement } from '../../trees/plan.js';
import { planChildren, planExpressions } from '../../trees/plan-children.js';
import type { RangeTableEntry } from '../../trees/query.js';
import { walkExpression } from './walk.js';

/** What an exec Param stands for. */
type ParamSource =
  | { readonly kind: 'expr'; readonly expr: Expression; readonly node: Plan }
  | { readonly kind: 'output'; readonly subPlan: SubPlan };

export class PlanNames {
  readonly base: Namespace;
  private readonly namespaces = new Map<Plan, Namespace>();
  private readonly params = new Map<number, ParamSource>();
  /** Work tables: the outer side of their RecursiveUnion. */
  private readonly usesPrefix: boolean;

  constructor(
    private readonly catalog: Catalog,
    planned: PlannedStatement,
    private readonly verbose: boolean,
  ) {
    const used = new Set<number>();
    for (const plan of [planned.plan, ...planned.subplans]) this.collect(plan, used);
    const rangeTable = planned.rangeTable.map(
      (rte, index): RangeTableEntry => (used.has(index + 1) ? rte : unnamed(rte)),
    );
    const named = planNamespace(catalog, rangeTable);
    // What is not scanned claims no name, but its columns may still be spoken of.
    const { columns } = planNamespace(catalog, planned.rangeTable);
    this.base = { ...named, columns, rangeTable: planned.rangeTable };
    this.usesPrefix = planned.rangeTable.length > 1;
  }

  private collect(plan: Plan, used: Set<number>): void {
    if ('scanRtIndex' in plan) used.add(plan.scanRtIndex);
    if ((plan.kind === 'Append' || plan.kind === 'MergeAppend') && plan.parentRtIndex !== undefined)
      used.add(plan.parentRtIndex);
    if (plan.kind === 'ModifyTable') {
      used.add(plan.resultRelation);
      for (const member of plan.members ?? []) used.add(member.resultRelation);
      if (plan.onConflict !== null && plan.onConflict.excludedRtIndex > 0) used.add(plan.onConflict.excludedRtIndex);
    }
    const note = (id: number, source: ParamSource): void => {
      if (!this.params.has(id)) this.params.set(id, source);
    };
    if (plan.kind === 'NestLoop') {
      for (const { param, value } of plan.parameters) note(param, { kind: 'expr', expr: value, node: plan });
    }
    for (const subPlan of plan.initPlans) for (const id of subPlan.setParams) note(id, { kind: 'output', subPlan });
    for (const expression of planExpressions(plan)) {
      walkExpression(expression, (node) => {
        if (node.kind !== 'SubPlan') return;
        node.parameterIds.forEach((id, index) => {
          const expr = node.args[index];
          if (expr !== undefined) note(id, { kind: 'expr', expr, node: plan });
        });
        for (const id of [...node.paramIds, ...node.setParams]) note(id, { kind: 'output', subPlan: node });
      });
    }
    for (const child of planChildren(plan)) this.collect(child, used);
  }

  /** The name EXPLAIN shows for a range table entry. */
  nameOf(rtIndex: number): string {
    return this.base.names[rtIndex - 1] ?? '';
  }

  /** Text of an expression of a node; `prefix`: columns carry their relation's name. */
  text(plan: Plan, expression: Expression, prefix: boolean): string {
    return expressionTextIn(this.catalog, expression, [this.namespace(plan)], {
      pretty: false,
      varPrefix: prefix || this.verbose,
      isExplain: true,
    });
  }

  /** Text of an output column: qualified only where the statement has several relations. */
  outputText(plan: Plan, expression: Expression): string {
    return expressionTextIn(this.catalog, expression, [this.namespace(plan)], {
      pretty: false,
      varPrefix: this.usesPrefix,
      isExplain: true,
    });
  }

  /** As `text`, implicit casts shown (sort keys). */
  keyText(plan: Plan, expression: Expression): string {
    return expressionTextIn(this.catalog, expression, [this.namespace(plan)], {
      pretty: false,
      varPrefix: this.usesPrefix || this.verbose,
      showImplicit: true,
      isExplain: true,
    });
  }

  /** Do the nodes above scans name relations with their columns? */
  get upperPrefix(): boolean {
    return this.usesPrefix || this.verbose;
  }

  private namespace(plan: Plan): Namespace {
    const known = this.namespaces.get(plan);
    if (known !== undefined) return known;
    const made: Namespace = {
      ...this.base,
      resolve: (variable) => this.resolve(plan, variable),
      resolveParam: (id) => this.resolveParam(id),
    };
    this.namespaces.set(plan, made);
    return made;
  }

  private resolve(plan: Plan, variable: Var): { expr: Expression; namespace: Namespace } | null {
    if (variable.varno === indexVar) {
      if (plan.kind !== 'IndexOnlyScan') return null;
      const entry = plan.indexTargetList[variable.attno - 1];
      return entry === undefined ? null : { expr: entry.expr, namespace: this.base };
    }
    const source = variable.varno === innerVar ? innerPlan(plan) : outerPlan(plan);
    const entry =
      source?.targetList.find((item) => item.resno === variable.attno) ?? source?.targetList[variable.attno - 1];
    if (source === null || entry === undefined) return null;
    const found = { expr: entry.expr, namespace: this.namespace(source) };
    const isAppend = plan.kind === 'Append' || plan.kind === 'MergeAppend';
    return isAppend && plan.parentRtIndex !== undefined
      ? (this.parentColumn(plan.parentRtIndex, source, entry.expr) ?? found)
      : found;
  }

  /** Above an Append of inheritance children their parent's column is named, not the first child's. */
  private parentColumn(
    parent: number,
    source: Plan,
    expr: Expression,
  ): { expr: Expression; namespace: Namespace } | null {
    let at: { plan: Plan; expr: Expression } = { plan: source, expr };
    while (at.expr.kind === 'Var' && (at.expr.varno === outerVar || at.expr.varno === indexVar)) {
      const { attno, varno } = at.expr;
      if (varno === indexVar) {
        const column = at.plan.kind === 'IndexOnlyScan' ? at.plan.indexTargetList[attno - 1] : undefined;
        if (column === undefined) return null;
        at = { plan: at.plan, expr: column.expr };
        break;
      }
      const next = outerPlan(at.plan);
      const entry = next?.targetList.find((item) => item.resno === attno);
      if (next === null || entry === undefined) return null;
      at = { plan: next, expr: entry.expr };
    }
    if (at.expr.kind !== 'Var' || at.expr.varno <= 0) return null;
    const column = this.base.rangeTable[at.expr.varno - 1]?.eref.columns[at.expr.attno - 1];
    const attno = (this.base.rangeTable[parent - 1]?.eref.columns ?? []).indexOf(column ?? '') + 1;
    return attno === 0 ? null : { expr: { ...at.expr, varno: parent, attno }, namespace: this.base };
  }

  private resolveParam(id: number): ReturnType<NonNullable<Namespace['resolveParam']>> {
    const source = this.params.get(id);
    if (source === undefined) return null;
    if (source.kind === 'expr') return { expr: source.expr, namespaces: [this.namespace(source.node)] };
    const { subPlan } = source;
    const outputs = subPlan.setParams.length > 0 ? subPlan.setParams : subPlan.paramIds;
    const name = subPlan.useHashTable ? `hashed ${subPlan.name}` : subPlan.name;
    return { subPlan: name, column: outputs.indexOf(id) + 1 };
  }
}

function outerPlan(plan: Plan): Plan | null {
  switch (plan.kind) {
    case 'Append':
    case 'MergeAppend':
      return plan.children[0] ?? null;
    case 'SubqueryScan':
      return plan.subplan;
    case 'Result':
      return plan.outer;
    default:
      return 'outer' in plan ? plan.outer : null;
  }
}

function innerPlan(plan: Plan): Plan | null {
  if ('inner' in plan) return plan.inner;
  return plan.kind === 'ModifyTable' ? plan.outer : null;
}

/** Entries that no node scans claim no name. */
function unnamed(rte: RangeTableEntry): RangeTableEntry {
  return {
    kind: 'join',
    joinType: 'inner',
    mergedColumns: 0,
    aliasVars: [],
    leftColumns: [],
    rightColumns: [],
    usingAlias: null,
    alias: null,
    eref: rte.eref,
    lateral: false,
    inFromClause: false,
  };
}
