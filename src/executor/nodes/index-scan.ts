// IndexScan and IndexOnlyScan: key ranges from the conditions, rowids from the index in key order, rows from the table.
// Index-only scans read the same rows: an entry's payload is no shorter way to them than the row itself.
import { defined } from '../../errors/unreachable.js';
import type { IndexCursor, IndexStore, KeyRange, PointStore } from '../../storage/api.js';
import type { IndexDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import type { Expression, Var } from '../../trees/expression.js';
import type { IndexOnlyScan, IndexScan } from '../../trees/plan.js';
import { mapExpressionDeep } from '../../trees/walk.js';
import type { RelationCounts } from '../../transaction/session-statistics.js';
import type { Row } from '../../types/value.js';
import type { Batch, RunState } from '../state.js';
import { storedExpressions } from '../stored-expressions.js';
import { openIndex, openPoint } from '../tables.js';
import type { CompileUnit } from '../expressions/unit.js';
import { type RangeProgram, compileRanges, keyRanges } from './index-ranges.js';
import { RelationScanNode, type ScanProgram, compileScan, scannedRelation } from './relation-scan.js';

export interface IndexProgram {
  readonly index: IndexDescriptor;
  readonly ranges: RangeProgram;
  readonly scan: ScanProgram;
  /** Every range is one whole key of a unique index: one row at most, found without a cursor. */
  readonly isPoint: boolean;
}

export function compileIndexScan(unit: CompileUnit, plan: IndexScan | IndexOnlyScan): IndexProgram {
  const relation = scannedRelation(unit, plan.scanRtIndex);
  const index = indexOf(relation, plan.index);
  const ranges = compileRanges(unit, index, plan.indexQuals);
  const scan = compileScan(unit, plan, {
    recheck: plan.indexQuals.map((qual) => qual.clause),
    extraQuals: ranges.leftOver,
    indexVar: indexColumnResolver(relation, index, plan.scanRtIndex),
  });
  const fixesAll =
    ranges.byColumn.length === index.keys.length &&
    ranges.byColumn.every(([first]) => first?.qual.strategy === '=' || first?.qual.strategy === 'any');
  return { index, ranges, scan, isPoint: index.isUnique && index.isImmediate && fixesAll };
}

export function indexOf(relation: RelationDescriptor, oid: number): IndexDescriptor {
  return defined(
    relation.indexes.find((index) => index.oid === oid),
    `index ${oid} of ${relation.name}`,
  );
}

/** What an index column holds, as an expression over the table's row. */
export function indexColumnResolver(
  relation: RelationDescriptor,
  index: IndexDescriptor,
  rtIndex: number,
): (variable: Var) => Expression | null {
  const expressions = index.expressions === null ? [] : storedExpressions(index.expressions);
  let nextExpression = 0;
  const columns = index.keys.map((key) =>
    key.attribute === 0 ? (expressions[nextExpression++] ?? null) : key.attribute,
  );
  columns.push(...index.includes);
  return (variable) => {
    const column = columns[variable.attno - 1] ?? null;
    if (typeof column !== 'number') return column === null ? null : retarget(column, rtIndex);
    const attribute = defined(relation.attributes[column - 1], 'indexed attribute');
    return {
      kind: 'Var',
      varno: rtIndex,
      attno: column,
      type: attribute.type,
      typmod: attribute.typmod,
      collation: attribute.collation,
      levelsUp: 0,
      nullingRels: [],
      location: -1,
    };
  };
}

/** Stored expressions know their table as varno 1. */
export function retarget(expr: Expression, rtIndex: number): Expression {
  return mapVars(expr, (variable) => ({ ...variable, varno: rtIndex }));
}

function mapVars(expr: Expression, map: (variable: Var) => Var): Expression {
  return mapExpressionDeep(expr, (node) => (node.kind === 'Var' ? map(node) : undefined));
}

export class IndexScanNode extends RelationScanNode {
  private readonly index: IndexStore;
  private readonly indexCounts: RelationCounts;
  private ranges: KeyRange[] | null = null;
  private rangeAt = 0;
  private cursor: IndexCursor | null = null;
  /** Where each range is one key of a unique index: rows come by single calls. */
  private readonly point: PointStore | null;

  constructor(
    x: RunState,
    protected override readonly plan: IndexScan | IndexOnlyScan,
    private readonly indexed: IndexProgram = x.unit.cached(plan, () => compileIndexScan(x.unit, plan)),
  ) {
    super(x, plan, indexed.scan);
    this.index = openIndex(x.context, indexed.index);
    this.point = indexed.isPoint ? openPoint(x.context, indexed, indexed.index) : null;
    this.indexCounts = x.context.transaction.statistics.of(indexed.index.oid);
  }

  protected fetchStored(rowCountMax: number): Batch | null | Promise<Batch | null> {
    if (this.ranges === null) {
      const values = this.indexed.ranges.values;
      if (values.isAsync || values.initParams.length > 0) return this.prepare(rowCountMax);
      this.setRanges(values.run(this.x, null) as Row);
    }
    return this.fetchRange(rowCountMax);
  }

  private async prepare(rowCountMax: number): Promise<Batch | null> {
    const { values } = this.indexed.ranges;
    await this.x.ensureInit(values.initParams);
    this.setRanges(await values.run(this.x, null));
    return this.fetchRange(rowCountMax);
  }

  private setRanges(values: Row): void {
    this.ranges = keyRanges(this.indexed.ranges, values, this.x);
    if (this.plan.direction === 'backward') this.ranges.reverse();
    this.rangeAt = 0;
  }

  private fetchRange(rowCountMax: number): Batch | null {
    const { view } = this.x.context;
    if (this.point !== null) return this.fetchPoint(this.point);
    for (;;) {
      if (this.cursor === null) {
        const range = this.ranges?.[this.rangeAt];
        if (range === undefined) return null;
        this.rangeAt += 1;
        this.indexCounts.scanned();
        this.cursor = this.index.scan(view, range, this.plan.direction);
      }
      const entries = this.cursor.next(rowCountMax);
      const { rowids } = entries;
      this.indexCounts.tuplesReturned += rowids.length;
      if (this.plan.kind === 'IndexScan') this.indexCounts.tuplesFetched += rowids.length;
      if (rowids.length === 1) {
        const row = this.table.get(view, rowids[0] as number, this.scan.attributes);
        if (row !== null) return [this.scanRow(row)];
      } else if (rowids.length > 0) {
        return this.storedRows(this.table.getMany(view, rowids, this.scan.attributes));
      } else {
        this.cursor.close();
        this.cursor = null;
      }
    }
  }

  /** The row of the next range's key; an empty batch where it has none. */
  private fetchPoint(point: PointStore): Batch | null {
    const key = this.ranges?.[this.rangeAt]?.lower;
    if (key === undefined || key === null) return null;
    this.rangeAt += 1;
    this.indexCounts.scanned();
    const row = point.get(this.x.context.view, key);
    if (row === null) return [];
    this.indexCounts.tuplesReturned += 1;
    if (this.plan.kind === 'IndexScan') this.indexCounts.tuplesFetched += 1;
    return [this.scanRow(row)];
  }

  protected restartStored(): void {
    this.close();
    this.ranges = null;
  }

  close(): void {
    this.cursor?.close();
    this.cursor = null;
  }
}
