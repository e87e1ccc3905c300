// A planned statement as the addon's point path runs it (native/crates/points): one row by a whole key of a unique index
// read or updated, or one row inserted, with nothing about it that the addon does not know. What it does not know stays
// with the general path: this file says which is which.
import type { Catalog } from '../catalog/api.js';
import type { IndexDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { firstNormalOid } from '../catalog/oids.js';
import {
  type PointProgram,
  columnKind,
  emptyProgram,
  parameterKind,
  pointAction,
  resultKind,
  stepCode,
} from '../storage/point-program.js';
import { storedLayout } from '../storage/row-layout.js';
import { fileTag } from '../transaction/lock-modes.js';
import type { Expression, Var } from '../trees/expression.js';
import { indexVar } from '../trees/expression.js';
import type { IndexOnlyScan, IndexScan, ModifyTable, Plan, PlannedStatement } from '../trees/plan.js';
import { offsetAtTimestamp } from '../types/datetime/time-zone.js';
import { sessionZone } from '../types/datetime/session-zone.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import { keyColumns, nativeKindOf } from './index-keys.js';
import { type CompileUnit, unitOf } from './expressions/unit.js';
import { type IndexProgram, compileIndexScan, indexColumnResolver } from './nodes/index-scan.js';
import { scannedRelation } from './nodes/relation-scan.js';
import { keyScan } from './key-scan.js';
import { keyAttributesOf } from './modify/key-attributes.js';
import { isPermitted } from './permissions.js';
import { withoutLimit } from './point-select.js';

/** What a program is made for. */
export interface PointProgramOptions {
  readonly catalog: Catalog;
  /** Whose database. */
  readonly database: number;
  readonly userId: number;
  /** Types of $1... */
  readonly parameterTypes: readonly number[];
  readonly text: string;
  /** Now, in microseconds since 2000-01-01 UTC. */
  readonly now: bigint;
}

/** A program, and until when it may be used: clocks change. */
export interface TimedProgram {
  readonly program: PointProgram;
  /** Microseconds since 2000-01-01 UTC; null: for ever. */
  readonly until: bigint | null;
}

/** The statement's program, but for the descriptions of its result; null where the general path must run it. 'later': the
 *  user is not yet known to have the privileges. */
export function pointProgram(planned: PlannedStatement, options: PointProgramOptions): TimedProgram | null | 'later' {
  const unit = unitOf(planned, options.catalog);
  if (planned.subplans.length > 0 || planned.rowMarks.length > 0 || planned.hasModifyingCte) return null;
  if (!isPermitted(unit, options.userId)) return 'later';
  const maker = new ProgramMaker(planned, unit, options);
  const isMade = maker.parameters() && maker.statement();
  return isMade ? { program: maker.program, until: maker.until } : null;
}

const arithmetic: Readonly<Record<string, readonly [code: number, input: string]>> = {
  int2pl: [stepCode.add, 'int2in'],
  int4pl: [stepCode.add, 'int4in'],
  int8pl: [stepCode.add, 'int8in'],
  int2mi: [stepCode.subtract, 'int2in'],
  int4mi: [stepCode.subtract, 'int4in'],
  int8mi: [stepCode.subtract, 'int8in'],
  int2mul: [stepCode.multiply, 'int2in'],
  int4mul: [stepCode.multiply, 'int4in'],
  int8mul: [stepCode.multiply, 'int8in'],
};

/** How long an offset from UTC that is the same at both ends of a span is taken to hold in it. */
const clockSpan = 3_600_000_000n;

class ProgramMaker {
  readonly program: PointProgram;
  until: bigint | null = null;

  constructor(
    private readonly planned: PlannedStatement,
    private readonly unit: CompileUnit,
    private readonly options: PointProgramOptions,
  ) {
    this.program = emptyProgram(pointAction.select, options.text);
    this.program.catalogVersion = planned.catalogVersion;
    this.program.database = options.database;
  }

  parameters(): boolean {
    for (const type of this.options.parameterTypes) {
      const kind = parameterKind(this.type(type));
      if (kind === null) return false;
      this.program.parameters.push(...kind);
    }
    return true;
  }

  statement(): boolean {
    const { commandType } = this.planned;
    const plan = withoutLimit(this.planned.plan);
    const scan = this.scan(plan);
    if (scan !== null) return commandType === 'select' && this.select(scan);
    if (plan.kind !== 'ModifyTable') return false;
    const isPlain =
      plan.returningList.length === 0 &&
      plan.rowMarks.length === 0 &&
      plan.onConflict === null &&
      plan.withCheckOptions.length === 0 &&
      plan.members === undefined &&
      plan.initPlans.length === 0 &&
      plan.canSetTag;
    if (!isPlain) return false;
    if (plan.operation === 'update') return this.update(plan);
    return plan.operation === 'insert' && this.insert(plan);
  }

  /** A scan by an index, or one that can be done by one. */
  private scan(plan: Plan): IndexScan | IndexOnlyScan | null {
    if (plan.kind === 'IndexScan' || plan.kind === 'IndexOnlyScan') return plan;
    if (plan.kind !== 'SeqScan') return null;
    return keyScan(this.options.catalog, scannedRelation(this.unit, plan.scanRtIndex), plan);
  }

  private select(plan: IndexScan | IndexOnlyScan): boolean {
    const relation = this.lookup(plan);
    if (relation === null) return false;
    const resolve = this.resolver(plan, relation);
    for (const { expr, junk } of plan.targetList) {
      const column = resolve(expr);
      if (junk || column === null) return false;
      const kind = resultKind(this.type(column.type));
      if (kind === null) return false;
      this.program.outputs.push(column.attno - 1, ...kind);
    }
    return true;
  }

  private update(plan: ModifyTable): boolean {
    const { outer, updateColumns } = plan;
    const scan = this.scan(outer);
    if (scan === null || scan.kind !== 'IndexScan') return false;
    const relation = this.lookup(scan);
    if (relation === null || !isWritable(relation)) return false;
    const keyed = new Set([...keyAttributesOf(relation), ...relation.indexes.flatMap(indexedAttributes)]);
    for (const { kind, keys } of relation.constraints) if (kind === 'f') for (const n of keys) keyed.add(n);
    if (relation.indexes.some(hasExpressions) || updateColumns.some((number) => keyed.has(number))) return false;
    this.program.action = pointAction.update;
    this.program.rowTag = fileTag(relation.file.filenode, this.options.database);
    this.program.attributes = relation.attributes.length;
    const values = outer.targetList.filter((target) => !target.junk);
    if (values.length !== updateColumns.length) return false;
    return updateColumns.every((number, n) => this.assign(relation, number, values[n]?.expr));
  }

  private insert(plan: ModifyTable): boolean {
    const { outer } = plan;
    const relation = scannedRelation(this.unit, plan.resultRelation);
    const isOneRow = outer.kind === 'Result' && outer.outer === null && outer.constantQual.length === 0;
    if (!isOneRow || outer.initPlans.length > 0 || !isWritable(relation) || !this.isOrdinary(relation)) return false;
    if (relation.constraints.some(({ kind }) => kind === 'f') || !relation.indexes.every((index) => this.index(index)))
      return false;
    const values = outer.targetList;
    if (values.length !== relation.attributes.length) return false;
    this.program.action = pointAction.insert;
    this.program.relation = relation.oid;
    this.program.tableFile = relation.file.filenode;
    this.program.attributes = relation.attributes.length;
    const layout = storedLayout(relation.layout, this.options.catalog);
    this.program.reserved = layout.reservedBytes;
    this.program.toastTarget = layout.toastTarget;
    return values.every((target, n) => this.assign(relation, n + 1, target.expr));
  }

  /** An index that the new row gets an entry in. */
  private index(index: IndexDescriptor): boolean {
    if (!index.isReady || hasExpressions(index) || (index.isUnique && !index.isImmediate)) return false;
    const tag = fileTag(index.file.filenode, this.options.database);
    const numbers = [index.file.filenode, tag, (index.isUnique ? 1 : 0) | (index.nullsNotDistinct ? 2 : 0)];
    for (const column of keyColumns(this.options.catalog, index)) {
      const { key } = column;
      const kind = nativeKindOf(this.options.catalog, column);
      if (kind === null) return false;
      numbers.push(key.attribute - 1, kind, key.descending ? 1 : 0, key.nullsFirst ? 1 : 0);
    }
    this.program.indexes.push(numbers);
    return true;
  }

  /** An assigned column with its value. */
  private assign(relation: RelationDescriptor, number: number, expr: Expression | undefined): boolean {
    const attribute = relation.attributes[number - 1];
    if (attribute === undefined || expr === undefined) return false;
    const isNull = expr.kind === 'Const' && expr.value === null;
    if (attribute.isDropped || (isNull && !attribute.notNull && this.program.action === pointAction.insert))
      return isNull;
    const kind = columnKind(this.type(attribute.type));
    const steps = this.steps(expr, relation);
    if (kind === null || steps === null) return false;
    const strategy = (attribute.storage || 'x').charCodeAt(0);
    this.program.columns.push(number - 1, ...kind, attribute.notNull ? 1 : 0, strategy);
    this.program.values.push(steps);
    return true;
  }

  /** Notes the key that the scan looks for; its table, null where it does more than look up one key. */
  private lookup(plan: IndexScan | IndexOnlyScan): RelationDescriptor | null {
    const relation = scannedRelation(this.unit, plan.scanRtIndex);
    if (!this.isOrdinary(relation) || plan.qual.length > 0 || plan.initPlans.length > 0) return null;
    const { index, ranges, isPoint } = this.indexed(plan);
    if (!isPoint || ranges.hasArrays || ranges.leftOver.length > 0) return null;
    if (index.predicate !== null || !this.keys(relation, index, ranges.byColumn)) return null;
    const { program } = this;
    program.relation = relation.oid;
    program.tableFile = relation.file.filenode;
    program.index = index.oid;
    program.indexFile = index.file.filenode;
    program.isFetched = plan.kind === 'IndexScan';
    return relation;
  }

  private keys(
    relation: RelationDescriptor,
    index: IndexDescriptor,
    byColumn: readonly (readonly { readonly qual: { readonly value: Expression | null } }[])[],
  ): boolean {
    for (const [n, column] of keyColumns(this.options.catalog, index).entries()) {
      const { key, type } = column;
      const kind = nativeKindOf(this.options.catalog, column);
      const value = byColumn[n]?.[0]?.qual.value ?? null;
      const steps = value === null ? null : this.steps(value, relation);
      if (kind === null || steps === null || !comparedKeys.has(type.input)) return false;
      this.program.key.push(steps);
      this.program.keyColumns.push(kind, key.descending ? 1 : 0);
    }
    return true;
  }

  /** A permanent table of a user's, of which the statement reads or writes no more than itself. */
  private isOrdinary(relation: RelationDescriptor): boolean {
    const { kind, persistence, oid, file, hasSubclass, rowSecurity } = relation;
    return (
      kind === 'r' &&
      persistence !== 't' &&
      oid >= firstNormalOid &&
      file.temporaryOwner === 0 &&
      file.database === this.options.database &&
      !hasSubclass &&
      !rowSecurity &&
      !relation.layout.attributes.some(({ missing }) => missing !== null)
    );
  }

  /** The scan as it is compiled for the general path, too. */
  private indexed(plan: IndexScan | IndexOnlyScan): IndexProgram {
    return this.unit.cached(plan, () => compileIndexScan(this.unit, plan));
  }

  /** The table's column behind an output of the scan. */
  private resolver(plan: IndexScan | IndexOnlyScan, relation: RelationDescriptor): (expr: Expression) => Var | null {
    const { index } = this.indexed(plan);
    const indexed = indexColumnResolver(relation, index, plan.scanRtIndex);
    return (expr) => {
      if (expr.kind !== 'Var' || expr.levelsUp > 0) return null;
      const column = expr.varno === indexVar ? indexed(expr) : expr;
      return column?.kind === 'Var' && column.attno > 0 ? column : null;
    };
  }

  /** The expression's steps; null where it has others than the addon knows. */
  private steps(expr: Expression, relation: RelationDescriptor): number[] | null {
    switch (expr.kind) {
      case 'Param':
        return expr.paramKind === 'extern' ? [stepCode.parameter, expr.id - 1, 0] : null;
      case 'Var': {
        const kind = columnKind(this.type(expr.type));
        const isOwn = expr.attno > 0 && expr.levelsUp === 0 && expr.varno > 0 && relation.attributes[expr.attno - 1];
        return kind !== null && isOwn ? [stepCode.column, expr.attno - 1, kind[0]] : null;
      }
      case 'Const':
        return this.constant(expr.value);
      case 'RelabelType':
        return this.steps(expr.arg, relation);
      case 'SqlValueFunction':
        return expr.op === 'current_timestamp' && expr.typmod < 0 ? [stepCode.now, 0, 0] : null;
      case 'OpExpr':
      case 'FuncExpr':
        return this.call(expr.function, expr.args, relation);
      default:
        return null;
    }
  }

  private constant(value: Value): number[] | null {
    const { numbers, bytes } = this.program;
    if (value === null) return [stepCode.null, 0, 0];
    if (typeof value === 'string') return [stepCode.bytes, bytes.push(Buffer.from(value)) - 1, 0];
    if (typeof value === 'boolean') return [stepCode.number, numbers.push(value ? 1n : 0n) - 1, 0];
    if (typeof value === 'bigint') return [stepCode.number, numbers.push(value) - 1, 0];
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return null;
    return [stepCode.number, numbers.push(BigInt(value)) - 1, 0];
  }

  private call(oid: number, args: readonly Expression[], relation: RelationDescriptor): number[] | null {
    const called = this.options.catalog.function(oid);
    if (called === null || called.language !== 'internal') return null;
    const [first, second] = args;
    if (called.source === 'now') return [stepCode.now, 0, 0];
    if (called.source === 'timestamptz_timestamp') return isNow(first, this.options.catalog) ? this.localNow() : null;
    const operation = arithmetic[called.source];
    if (operation === undefined || first === undefined || second === undefined) return null;
    const [code, input] = operation;
    const kind = integerKinds[input];
    const left = this.steps(first, relation);
    const right = this.steps(second, relation);
    return left === null || right === null || kind === undefined ? null : [...left, ...right, code, 0, kind];
  }

  /** The session's clock as long as it does not change. */
  private localNow(): number[] | null {
    const { now, catalog } = this.options;
    const zone = sessionZone(catalog.io);
    const { offset } = offsetAtTimestamp(zone, now);
    const until = now + clockSpan;
    if (offsetAtTimestamp(zone, until).offset !== offset) return null;
    this.until = until;
    const at = this.program.numbers.push(BigInt(offset) * 1_000_000n, until) - 2;
    return [stepCode.localNow, at, 0];
  }

  private type(oid: number): TypeDescriptor {
    return this.options.catalog.typeByOid(oid);
  }
}

/** Kinds of the whole numbers' types, as `columnKind` has them. */
const integerKinds: Readonly<Record<string, number>> = { int2in: 1, int4in: 2, int8in: 3 };

/** Types of key columns whose values the addon makes keys of. */
const comparedKeys: ReadonlySet<string> = new Set([
  'boolin',
  'int2in',
  'int4in',
  'int8in',
  'oidin',
  'textin',
  'varcharin',
]);

function isNow(expr: Expression | undefined, catalog: Catalog): boolean {
  if (expr?.kind === 'SqlValueFunction') return expr.op === 'current_timestamp' && expr.typmod < 0;
  return expr?.kind === 'FuncExpr' && catalog.function(expr.function)?.source === 'now';
}

/** Nothing happens to its rows but that they are written. */
function isWritable(relation: RelationDescriptor): boolean {
  return (
    relation.triggers.every((trigger) => trigger.isInternal) &&
    relation.constraints.every(({ kind }) => kind !== 'c') &&
    relation.attributes.every(({ generated }) => generated === '') &&
    !relation.isPartition
  );
}

function indexedAttributes(index: IndexDescriptor): readonly number[] {
  return [...index.keys.map(({ attribute }) => attribute), ...index.includes];
}

function hasExpressions(index: IndexDescriptor): boolean {
  return index.expressions !== null || index.predicate !== null || index.isExclusion;
}
