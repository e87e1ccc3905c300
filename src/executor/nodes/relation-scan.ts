// What every scan of a stored relation shares: which attributes it must decode, where its rows carry rowid and stamp, its
// compiled filter and projection, and EvalPlanQual's substitute row.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { StoredRow, TableBatch, TableStore } from '../../storage/api.js';
import { type Expression, type TargetEntry, type Var, indexVar } from '../../trees/expression.js';
import type { ScanCommon } from '../../trees/plan.js';
import { walkExpression } from '../../trees/walk.js';
import type { Row, Value } from '../../types/value.js';
import { type BatchProgram, compileBatch } from '../expressions/compile.js';
import type { RowSources } from '../expressions/emitter.js';
import type { CompileUnit } from '../expressions/unit.js';
import type { RelationCounts } from '../../transaction/session-statistics.js';
import type { Batch, RunState } from '../state.js';
import { tableStore } from '../tables.js';
import { FilteredNode } from './filtered.js';

/** A relation scan's compiled parts, kept with the plan. */
export interface ScanProgram {
  readonly relation: RelationDescriptor;
  /** Attributes to decode, null for all. */
  readonly attributes: readonly number[] | null;
  /** Rows carry [rowid, stamp] behind their attributes. */
  readonly needsSystem: boolean;
  readonly program: BatchProgram | null;
  /** With the conditions that an index scan enforces itself: for EvalPlanQual's rows. */
  readonly recheckProgram: BatchProgram | null;
  readonly sources: RowSources;
}

export interface ScanOptions {
  /** Conditions enforced by the access path: only rechecked. */
  readonly recheck?: readonly Expression[];
  /** Conditions beyond `qual` that the access path leaves to the filter. */
  readonly extraQuals?: readonly Expression[];
  readonly indexVar?: (variable: Var) => Expression | null;
}

/** Compiles a scan's filter and projection. */
export function compileScan(unit: CompileUnit, plan: ScanCommon, options: ScanOptions = {}): ScanProgram {
  const relation = scannedRelation(unit, plan.scanRtIndex);
  const quals = [...(options.extraQuals ?? []), ...plan.qual];
  const recheck = [...(options.recheck ?? []), ...plan.qual];
  const needed = neededAttributes(
    plan.scanRtIndex,
    [...quals, ...recheck, ...plan.targetList.map((target) => target.expr)],
    options.indexVar,
  );
  const sources: RowSources = {
    systemColumnBase: relation.attributes.length,
    notNull: (variable) =>
      variable.varno === plan.scanRtIndex && (relation.attributes[variable.attno - 1]?.notNull ?? false),
    ...(options.indexVar === undefined ? {} : { indexVar: options.indexVar }),
  };
  const isPhysical = !needed.system && isIdentity(plan.targetList, relation.attributes.length, plan.scanRtIndex);
  const targets = isPhysical ? null : plan.targetList;
  const program = compileBatch(unit, { quals, targets, sources });
  return {
    relation,
    attributes:
      needed.all || needed.attributes.size === relation.attributes.length
        ? null
        : [...needed.attributes].sort((a, b) => a - b),
    needsSystem: needed.system,
    program,
    recheckProgram: options.recheck === undefined ? program : compileBatch(unit, { quals: recheck, targets, sources }),
    sources,
  };
}

export function scannedRelation(unit: CompileUnit, rtIndex: number): RelationDescriptor {
  const entry = unit.rangeTable[rtIndex - 1];
  if (entry?.kind !== 'relation') throw new Error(`range table entry ${rtIndex} is not a relation`);
  return unit.catalog.requireRelation(entry.relation);
}

/** Attributes of a range table entry that expressions read; indexVars count as the columns they stand for. */
export function neededAttributes(
  rtIndex: number,
  exprs: readonly Expression[],
  resolve?: (variable: Var) => Expression | null,
): { readonly attributes: ReadonlySet<number>; readonly all: boolean; readonly system: boolean } {
  const attributes = new Set<number>();
  let all = false;
  let system = false;
  const visit = (node: Expression): boolean | undefined => {
    if (node.kind === 'CurrentOfExpr') system = true;
    if (node.kind !== 'Var') return undefined;
    if (node.varno === indexVar && resolve !== undefined) {
      const original = resolve(node);
      if (original !== null) walkExpression(original, visit);
    } else if (node.varno === rtIndex) {
      if (node.attno > 0) attributes.add(node.attno);
      else if (node.attno === 0) all = true;
      else system = true;
    }
    return undefined;
  };
  for (const expr of exprs) walkExpression(expr, visit);
  return { attributes, all, system };
}

function isIdentity(targets: readonly TargetEntry[], attributeCount: number, rtIndex: number): boolean {
  if (targets.length !== attributeCount) return false;
  return targets.every(({ expr }, n) => expr.kind === 'Var' && expr.varno === rtIndex && expr.attno === n + 1);
}

/** A scan node over one stored relation. */
export abstract class RelationScanNode extends FilteredNode {
  protected readonly table: TableStore;
  /** The table's counters. */
  protected readonly counts: RelationCounts;
  private substituteTaken = false;
  private readonly isSubstituted: boolean;

  constructor(
    x: RunState,
    protected readonly plan: ScanCommon,
    protected readonly scan: ScanProgram,
  ) {
    const isSubstituted = x.evalPlanQual?.has(plan.scanRtIndex) ?? false;
    super(x, isSubstituted ? scan.recheckProgram : scan.program);
    this.isSubstituted = isSubstituted;
    this.table = tableStore(x, scan.relation);
    this.counts = x.context.transaction.statistics.of(scan.relation.oid);
  }

  protected abstract fetchStored(rowCountMax: number): Batch | null | Promise<Batch | null>;
  protected abstract restartStored(): void;

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
    if (!this.isSubstituted) return this.fetchStored(this.x.scannedRowIds === null ? rowCountMax : 1);
    if (this.substituteTaken) return null;
    this.substituteTaken = true;
    const row = this.x.evalPlanQual?.get(this.plan.scanRtIndex) ?? null;
    return row === null ? null : [this.scanRow(row)];
  }

  protected restart(): void {
    this.substituteTaken = false;
    if (!this.isSubstituted) this.restartStored();
  }

  /** A stored row in the form that the programs expect. */
  protected scanRow(row: StoredRow): Row {
    this.x.scannedRowIds?.set(this.scan.relation.oid, row.rowid);
    return this.scan.needsSystem ? [...row.values, row.rowid, row.stamp] : row.values;
  }

  protected scanRows(batch: TableBatch): Batch {
    this.x.scannedRowIds?.set(this.scan.relation.oid, batch.rowids[batch.rowCount - 1] as number);
    if (this.scan.needsSystem) {
      for (let n = 0; n < batch.rowCount; n++) {
        (batch.rows[n] as Value[]).push(batch.rowids[n] as number, batch.stamps[n] as bigint);
      }
    }
    return batch.rows;
  }

  protected storedRows(rows: readonly (StoredRow | null)[]): Batch {
    const batch: Batch = [];
    for (const row of rows) if (row !== null) batch.push(this.scanRow(row));
    return batch;
  }
}
