// MergeJoin: both sides sorted by the join keys; the inner rows of one key are gathered as a group that every outer row
// with that key is paired with. Null keys match nothing.
import type { MergeJoin } from '../../trees/plan.js';
import type { Row, Value } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type RowProgram, compileRow } from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import { type Comparator, familyComparator } from '../operators.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { RowReader } from './filtered.js';
import { JoinNode, type JoinProgram, compileJoin, keepsInner, keepsOuter } from './join.js';

interface MergeProgram {
  readonly join: JoinProgram;
  readonly outerKeys: RowProgram;
  readonly innerKeys: RowProgram;
  readonly compare: readonly Comparator[];
}

interface Keyed {
  readonly row: Row;
  /** null where a key column is null. */
  readonly key: Row | null;
}

export class MergeJoinNode extends JoinNode {
  private readonly outer: PlanNode;
  private readonly inner: PlanNode;
  private readonly compiled: MergeProgram;
  private innerReader: RowReader;
  private innerAhead: Keyed | null | undefined = undefined;
  private group: { readonly key: Row; readonly rows: { readonly row: Row; matched: boolean }[] } | null = null;

  constructor(
    x: RunState,
    private readonly join: MergeJoin,
  ) {
    const compiled = x.unit.cached(join, () => compileMergeJoin(x, join));
    super(x, join, compiled.join);
    this.compiled = compiled;
    this.outer = buildNode(join.outer, x);
    this.inner = buildNode(join.inner, x);
    this.innerReader = new RowReader(this.inner);
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const { joinType } = this.join;
    await this.prepare();
    for (
      let batch = await this.outer.next(this.rowCountMax);
      batch !== null;
      batch = await this.outer.next(this.rowCountMax)
    ) {
      for (const outerRow of batch) {
        const { key } = await this.keyed(outerRow, this.compiled.outerKeys);
        let matched = false;
        if (key !== null) {
          yield* this.seek(key);
          const { group } = this;
          if (group !== null && this.order(key, group.key) === 0) {
            for (const entry of group.rows) {
              let isMatch = this.matches(outerRow, entry.row);
              if (isMatch instanceof Promise) isMatch = await isMatch;
              if (!isMatch) continue;
              matched = true;
              entry.matched = true;
              if (joinType === 'anti') break;
              if (joinType === 'rightAnti') continue;
              const wait = this.emit(outerRow, entry.row);
              if (wait !== undefined) await wait;
              if (this.isFull) yield this.takeOut();
              if (joinType === 'semi') break;
            }
          }
        }
        if (!matched && keepsOuter(joinType)) {
          await this.emit(outerRow, this.program.nullInner);
          if (this.isFull) yield this.takeOut();
        }
      }
      await this.pause();
    }
    if (keepsInner(joinType)) {
      yield* this.dropGroup();
      for (let next = await this.peekInner(); next !== null; next = await this.peekInner()) yield* this.skipInner(next);
    }
    if (this.out.length > 0) yield this.takeOut();
  }

  /** Moves the inner side on until its group is at or beyond the key. */
  private async *seek(key: Row): AsyncGenerator<Batch, void, void> {
    if (this.group !== null && this.order(key, this.group.key) <= 0) return;
    yield* this.dropGroup();
    for (let next = await this.peekInner(); next !== null; next = await this.peekInner()) {
      if (next.key !== null && this.order(next.key, key) >= 0) {
        await this.gather(next.key);
        return;
      }
      yield* this.skipInner(next);
    }
  }

  private async gather(key: Row): Promise<void> {
    const rows: { row: Row; matched: boolean }[] = [];
    for (let next = await this.peekInner(); next !== null; next = await this.peekInner()) {
      if (next.key === null || this.order(next.key, key) !== 0) break;
      rows.push({ row: next.row, matched: false });
      this.innerAhead = undefined;
    }
    this.group = { key, rows };
  }

  private async *dropGroup(): AsyncGenerator<Batch, void, void> {
    const { group } = this;
    this.group = null;
    if (group === null || !keepsInner(this.join.joinType)) return;
    for (const entry of group.rows) {
      if (entry.matched) continue;
      await this.emit(this.program.nullOuter, entry.row);
      if (this.isFull) yield this.takeOut();
    }
  }

  private async *skipInner(next: Keyed): AsyncGenerator<Batch, void, void> {
    this.innerAhead = undefined;
    if (!keepsInner(this.join.joinType)) return;
    await this.emit(this.program.nullOuter, next.row);
    if (this.isFull) yield this.takeOut();
  }

  private async peekInner(): Promise<Keyed | null> {
    if (this.innerAhead !== undefined) return this.innerAhead;
    const taken = this.innerReader.take();
    const row = taken === undefined ? await this.innerReader.read() : taken;
    this.innerAhead = row === null ? null : await this.keyed(row, this.compiled.innerKeys);
    return this.innerAhead;
  }

  private async keyed(row: Row, program: RowProgram): Promise<Keyed> {
    const values = program.run(this.x, null, row, row);
    const key = values instanceof Promise ? await values : values;
    return { row, key: key.includes(null) ? null : key };
  }

  private order(left: Row, right: Row): number {
    const { mergeClauses } = this.join;
    for (let n = 0; n < mergeClauses.length; n++) {
      const clause = mergeClauses[n] as (typeof mergeClauses)[number];
      const compare = this.compiled.compare[n] as Comparator;
      const order = compare(left[n] as Value, right[n] as Value, this.x.ioFor(clause.collation));
      if (order !== 0) return clause.descending ? -order : order;
    }
    return 0;
  }

  protected restart(): void {
    this.out = [];
    this.group = null;
    this.innerAhead = undefined;
    this.innerReader = new RowReader(this.inner);
    this.outer.rescan();
    this.inner.rescan();
  }

  close(): void {
    this.outer.close();
    this.inner.close();
  }
}

function compileMergeJoin(x: RunState, plan: MergeJoin): MergeProgram {
  const { catalog } = x.unit;
  return {
    join: compileJoin(x.unit, plan, plan.joinQual),
    outerKeys: compileRow(
      x.unit,
      plan.mergeClauses.map((clause) => clause.outerKey),
    ),
    innerKeys: compileRow(
      x.unit,
      plan.mergeClauses.map((clause) => clause.innerKey),
    ),
    compare: plan.mergeClauses.map((clause) =>
      mergeComparator(x, clause.family, typeOf(clause.outerKey, catalog), typeOf(clause.innerKey, catalog)),
    ),
  };
}

/** Groups are compared with keys of both sides, so the comparator must accept values of either type on either side. */
function mergeComparator(x: RunState, family: number, outer: number, inner: number): Comparator {
  const { catalog } = x.unit;
  const cross = familyComparator(catalog, { family, left: outer, right: inner });
  if (outer === inner) return cross;
  const [outerIn, innerIn] = [catalog.typeByOid(outer).input, catalog.typeByOid(inner).input];
  const isInteger = (symbol: string) => symbol === 'int2in' || symbol === 'int4in' || symbol === 'int8in';
  if (isInteger(outerIn) && isInteger(innerIn)) {
    return (left, right) => ((left as number) < (right as number) ? -1 : (left as number) > (right as number) ? 1 : 0);
  }
  return cross;
}
