// HashJoin: the inner side in a hash table, the outer side probes it. Where the inner side outgrows its memory, both
// sides are split by key into partitions on disk that are joined one after the other:
//   1. read the inner side into the table; over budget: write table and further rows to partition files
//   2. read the outer side: probe at once, or write to the partition files
//   3. for each partition: load its inner rows, probe with its outer rows; one whose inner rows are too many is split
//      again by another hash, unless they all have the same key
// Rows with a null key match nothing and are never partitioned.
import { batchRowsMax } from '../../base/limits.js';
import { defined } from '../../errors/unreachable.js';
import type { Expression } from '../../trees/expression.js';
import type { HashJoin } from '../../trees/plan.js';
import { type MemoryAccount, watchTable } from '../../types/memory.js';
import type { Row, Value } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { instrumented } from '../instrumentation.js';
import { type RowProgram, compileRow } from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import { type HashKeyOf, crossTypeHashKey, keyPart } from '../operators.js';
import { rowBytes } from '../../types/value-size.js';
import { type Partition, makePartitions, partitionCount, partitionLevelsMax, partitionOf } from '../spill/partition.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { JoinNode, type JoinProgram, compileJoin, keepsInner, keepsOuter } from './join.js';

/** hash_mem_multiplier's default: hash tables may take twice work_mem. */
const hashMemoryMultiplier = 2;
/** Bytes of a row's entry in the table, beside the row. */
const entryBytes = 64;

interface HashJoinProgram {
  readonly join: JoinProgram;
  readonly outerKeys: RowProgram;
  readonly innerKeys: RowProgram;
  readonly outerHash: readonly HashKeyOf[];
  readonly innerHash: readonly HashKeyOf[];
}

interface Entry {
  readonly row: Row;
  matched: boolean;
}

type Split = { readonly outer: Partition; readonly inner: Partition }[];

export class HashJoinNode extends JoinNode {
  private readonly outer: PlanNode;
  private readonly inner: PlanNode;
  private readonly compiled: HashJoinProgram;
  private readonly table = new Map<unknown, Entry[]>();
  /** Inner rows with a null key, kept only where unmatched inner rows come out. */
  private readonly nullKeyed: Row[] = [];
  private partitions: Split | null = null;
  /** What partitions were split into again. */
  private readonly furtherParts: Split = [];
  private readonly held: MemoryAccount;
  private tableBytes = 0;
  private built = false;
  private version: number;
  private peakBytes = 0;

  constructor(
    x: RunState,
    private readonly join: HashJoin,
  ) {
    const compiled = x.unit.cached(join, () => compileHashJoin(x, join));
    super(x, join, compiled.join);
    this.compiled = compiled;
    this.outer = buildNode(join.outer, x);
    this.held = x.memory.child('HashBatchContext');
    this.version = x.versionOf(join.inner.externParams);
    const inner = buildNode(join.inner.outer, x);
    this.inner = x.context.instrument
      ? instrumented(
          join.inner,
          observedChild(inner, () => this.hashFacts()),
          x,
        )
      : inner;
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    await this.prepare();
    if (!this.built) await this.build();
    const { joinType } = this.join;
    const isEmpty = this.table.size === 0 && this.partitions === null;
    if (isEmpty && !keepsOuter(joinType) && this.nullKeyed.length === 0) return;
    for (let batch = await this.outer.next(batchRowsMax); batch !== null; batch = await this.outer.next(batchRowsMax)) {
      yield* this.probeAll(batch, this.partitions);
      await this.pause();
    }
    if (this.partitions === null) yield* this.unmatchedInner();
    else {
      for (const { inner, outer } of this.partitions) {
        yield* this.joinPartition(inner, outer, { level: 1, bytesBefore: Number.POSITIVE_INFINITY });
      }
    }
    if (keepsInner(joinType)) {
      for (const row of this.nullKeyed) {
        await this.emit(this.program.nullOuter, row);
        if (this.isFull) yield this.takeOut();
      }
    }
    if (this.out.length > 0) yield this.takeOut();
  }

  private get budget(): number {
    return this.x.context.workMemBytes * hashMemoryMultiplier;
  }

  /** Joins the rows of one partition; `bytesBefore` is the size of the one that it was split from. */
  private async *joinPartition(
    inner: Partition,
    outer: Partition,
    { level, bytesBefore }: { readonly level: number; readonly bytesBefore: number },
  ): AsyncGenerator<Batch, void, void> {
    // A split that left everything in one part will not do better the next time: its rows share their key.
    if (inner.bytes > this.budget && inner.bytes < bytesBefore && level < partitionLevelsMax) {
      const parts = await this.splitAgain(inner, outer, level);
      for (const part of parts) {
        yield* this.joinPartition(part.inner, part.outer, { level: level + 1, bytesBefore: inner.bytes });
      }
      return;
    }
    this.emptyTable();
    for (const rows of inner.batches()) {
      for (const row of rows) {
        await this.insert(row);
        this.held.charge(rowBytes(row) + entryBytes);
      }
      await this.pause();
    }
    for (const rows of outer.batches()) {
      yield* this.probeAll(rows, null);
      await this.pause();
    }
    yield* this.unmatchedInner();
    this.emptyTable();
    inner.close();
    outer.close();
  }

  private async splitAgain(inner: Partition, outer: Partition, level: number): Promise<Split> {
    const parts = this.makeSplit();
    this.furtherParts.push(...parts);
    const { innerKeys, innerHash, outerKeys, outerHash } = this.compiled;
    for (const rows of inner.batches()) {
      for (const row of rows) partOf(parts, await this.keyOf(row, innerKeys, innerHash), level).inner.add(row);
      await this.pause();
    }
    inner.close();
    for (const rows of outer.batches()) {
      for (const row of rows) partOf(parts, await this.keyOf(row, outerKeys, outerHash), level).outer.add(row);
      await this.pause();
    }
    outer.close();
    return parts;
  }

  private makeSplit(): Split {
    const { statistics } = this.x.context.transaction;
    const inner = makePartitions(statistics);
    return makePartitions(statistics).map((outer, n) => ({ outer, inner: defined(inner[n], 'partition') }));
  }

  private emptyTable(): void {
    this.table.clear();
    this.held.clear();
  }

  private async build(): Promise<void> {
    const { budget } = this;
    for (let batch = await this.inner.next(batchRowsMax); batch !== null; batch = await this.inner.next(batchRowsMax)) {
      for (const row of batch) {
        if (this.partitions !== null) await this.partitionInner(row, this.partitions);
        else {
          await this.insert(row);
          this.tableBytes += rowBytes(row) + entryBytes;
          if (this.tableBytes > budget) this.split();
        }
      }
      await this.pause();
    }
    this.peakBytes = Math.max(this.peakBytes, this.tableBytes);
    this.built = true;
  }

  private async insert(row: Row): Promise<void> {
    const key = this.keyOf(row, this.compiled.innerKeys, this.compiled.innerHash);
    const settled = key instanceof Promise ? await key : key;
    if (settled === undefined) {
      if (keepsInner(this.join.joinType)) this.keepNullKeyed(row);
      return;
    }
    const bucket = this.table.get(settled);
    if (bucket === undefined) {
      this.table.set(settled, [{ row, matched: false }]);
      watchTable(this.table.size);
    } else bucket.push({ row, matched: false });
  }

  private keepNullKeyed(row: Row): void {
    this.nullKeyed.push(row);
    this.x.memory.charge(rowBytes(row));
  }

  /** The row's key as a primitive, undefined where a column of it is null. */
  private keyOf(row: Row, program: RowProgram, hash: readonly HashKeyOf[]): unknown {
    const values = program.run(this.x, null, row, row);
    return values instanceof Promise
      ? values.then((settled) => this.primitive(settled, hash))
      : this.primitive(values, hash);
  }

  private primitive(values: Row, hash: readonly HashKeyOf[]): unknown {
    const { collations } = this.join;
    if (values.length === 1) {
      const value = values[0] as Value;
      return value === null ? undefined : (hash[0] as HashKeyOf)(value, this.x.ioFor(collations[0] ?? 0));
    }
    let key = '';
    for (let n = 0; n < values.length; n++) {
      const value = values[n] as Value;
      if (value === null) return undefined;
      key += keyPart(value, hash[n] as HashKeyOf, this.x.ioFor(collations[n] ?? 0));
    }
    return key;
  }

  private async *probeAll(
    rows: readonly Row[],
    partitions: HashJoinNode['partitions'],
  ): AsyncGenerator<Batch, void, void> {
    const { joinType } = this.join;
    const keepsUnmatched = keepsOuter(joinType);
    const stopsAtFirst = joinType === 'semi' || joinType === 'anti' || (this.join.innerUnique && !keepsInner(joinType));
    for (const outerRow of rows) {
      let key = this.keyOf(outerRow, this.compiled.outerKeys, this.compiled.outerHash);
      if (key instanceof Promise) key = await key;
      if (partitions !== null && key !== undefined) {
        partOf(partitions, key, 0).outer.add(outerRow);
        continue;
      }
      const bucket = key === undefined ? undefined : this.table.get(key);
      let matched = false;
      if (bucket !== undefined) {
        for (const entry of bucket) {
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
          if (stopsAtFirst) break;
        }
      }
      if (!matched && keepsUnmatched) {
        const wait = this.emit(outerRow, this.program.nullInner);
        if (wait !== undefined) await wait;
        if (this.isFull) yield this.takeOut();
      }
    }
  }

  private async *unmatchedInner(): AsyncGenerator<Batch, void, void> {
    if (!keepsInner(this.join.joinType)) return;
    for (const bucket of this.table.values()) {
      for (const entry of bucket) {
        if (entry.matched) {
          entry.matched = false;
          continue;
        }
        await this.emit(this.program.nullOuter, entry.row);
        if (this.isFull) yield this.takeOut();
      }
    }
  }

  private split(): void {
    this.peakBytes = Math.max(this.peakBytes, this.tableBytes);
    const partitions = this.makeSplit();
    for (const [key, bucket] of this.table) {
      const { inner } = partOf(partitions, key, 0);
      for (const entry of bucket) inner.add(entry.row);
    }
    this.table.clear();
    this.partitions = partitions;
  }

  private async partitionInner(row: Row, partitions: NonNullable<HashJoinNode['partitions']>): Promise<void> {
    let key = this.keyOf(row, this.compiled.innerKeys, this.compiled.innerHash);
    if (key instanceof Promise) key = await key;
    if (key === undefined) {
      if (keepsInner(this.join.joinType)) this.keepNullKeyed(row);
      return;
    }
    partOf(partitions, key, 0).inner.add(row);
  }

  protected restart(): void {
    this.out = [];
    this.outer.rescan();
    // The table can serve again as long as it is in memory and its input did not change.
    const version = this.x.versionOf(this.join.inner.externParams);
    if (this.partitions === null && version === this.version && this.built) return;
    this.version = version;
    this.discard();
    this.inner.rescan();
  }

  private discard(): void {
    for (const part of [...(this.partitions ?? []), ...this.furtherParts]) {
      part.inner.close();
      part.outer.close();
    }
    this.partitions = null;
    this.furtherParts.length = 0;
    this.emptyTable();
    this.nullKeyed.length = 0;
    this.tableBytes = 0;
    this.built = false;
  }

  close(): void {
    this.discard();
    this.outer.close();
    this.inner.close();
  }

  private hashFacts(): Record<string, string | number> {
    const batches = this.partitions === null ? 1 : partitionCount;
    const rows = Math.max(1024, Math.min(this.join.inner.planRows, bucketsMax));
    const buckets = 2 ** Math.ceil(Math.log2(rows));
    return {
      'Hash Buckets': buckets,
      'Original Hash Buckets': buckets,
      'Hash Batches': batches,
      'Original Hash Batches': batches,
      'Peak Memory Usage': Math.ceil((this.peakBytes + buckets * 8) / 1024),
    };
  }
}

/** Buckets that EXPLAIN ANALYZE speaks of at most. */
const bucketsMax = 2 ** 20;

/** EXPLAIN ANALYZE shows the Hash node, which is a part of the join here: its rows are its child's. */
function observedChild(child: PlanNode, extra: () => Record<string, string | number>): PlanNode {
  return {
    next: (rowCountMax) => child.next(rowCountMax),
    rescan: () => child.rescan(),
    close: () => child.close(),
    extra,
  };
}

function compileHashJoin(x: RunState, plan: HashJoin): HashJoinProgram {
  const { catalog } = x.unit;
  const type = (expr: Expression | undefined) => typeOf(defined(expr, 'hash key'), catalog);
  const hashes = (mine: readonly Expression[], theirs: readonly Expression[]) =>
    mine.map((expr, n) => crossTypeHashKey(catalog, type(expr), type(theirs[n])));
  return {
    join: compileJoin(x.unit, plan, plan.joinQual),
    outerKeys: compileRow(x.unit, plan.outerKeys),
    innerKeys: compileRow(x.unit, plan.innerKeys),
    outerHash: hashes(plan.outerKeys, plan.innerKeys),
    innerHash: hashes(plan.innerKeys, plan.outerKeys),
  };
}

function partOf(parts: Split, key: unknown, level: number): Split[number] {
  return defined(parts[partitionOf(key, level)], 'partition');
}
