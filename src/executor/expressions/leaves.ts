// Var, Const and Param: columns of the rows in hand (s scan row, o outer row, i inner row), constants by slot,
// parameters. A scan row that needs system columns carries [rowid, stamp] behind its attributes.
import { type Const, type Param, type Var, indexVar, innerVar, outerVar } from '../../trees/expression.js';
import type { RangeTableEntry } from '../../trees/query.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import { PgRecord, type RecordField, type Row, type Value } from '../../types/value.js';
import { tidFromRowId } from '../../storage/ctid.js';
import { stampCommand, stampXid, stampXmax } from '../../storage/row-stamp.js';
import { initPlanValue } from '../state.js';
import type { Emitter, Operand } from './emitter.js';

/** System attributes by their (negative) number. */
export const ctidAttribute = -1;
export const xminAttribute = -2;
const cminAttribute = -3;
const cmaxAttribute = -5;
export const tableOidAttribute = -6;

export function emitVar(expr: Var, m: Emitter): Operand {
  const row = rowName(expr, m);
  if (typeof row !== 'string') return row;
  if (expr.attno > 0) {
    const nullable = expr.nullingRels.length > 0 || !(m.sources.notNull?.(expr) ?? false);
    return { code: m.assign(`${row}[${expr.attno - 1}]`), nullable };
  }
  if (expr.attno === 0) return emitWholeRow(expr, row, m);
  return emitSystemColumn(expr, row, m);
}

function rowName(expr: Var, m: Emitter): string | Operand {
  const named = m.sources.rowOf?.(expr.varno) ?? null;
  if (named !== null) return named;
  if (expr.varno === outerVar) return 'o';
  if (expr.varno === innerVar) return 'i';
  if (expr.varno === indexVar && m.sources.indexVar !== undefined) {
    const original = m.sources.indexVar(expr);
    if (original !== null) return m.emit(original);
  }
  return 's';
}

function emitSystemColumn(expr: Var, row: string, m: Emitter): Operand {
  const base = m.sources.systemColumnBase;
  if (expr.attno === tableOidAttribute) {
    const entry = m.unit.rangeTable[expr.varno - 1];
    return { code: m.slot(entry?.kind === 'relation' ? entry.relation : 0), nullable: false };
  }
  if (base === undefined) {
    // A row on its way into a table (COPY ... WHERE).
    m.line(`${m.slot(noSystemColumn)}();`);
    return { code: 'null', nullable: true };
  }
  if (expr.attno === ctidAttribute) {
    return { code: m.assign(`${m.slot(ctidOf)}(${row}[${base}])`), nullable: true };
  }
  if (expr.attno === xminAttribute) {
    return { code: m.assign(`${m.slot(xidOf)}(${row}[${base + 1}])`), nullable: true };
  }
  if (expr.attno === cminAttribute || expr.attno === cmaxAttribute) {
    return { code: m.assign(`${m.slot(commandOf)}(${row}[${base + 1}])`), nullable: true };
  }
  return { code: m.assign(`${m.slot(xmaxOf)}(${row}[${base + 1}], ${row}[${base + 2}])`), nullable: true };
}

function noSystemColumn(): never {
  throw pgError(SqlState.featureNotSupported, 'cannot retrieve a system column in this context');
}

function ctidOf(rowid: Value | undefined): Value {
  return typeof rowid === 'number' ? tidFromRowId(rowid) : null;
}

function xidOf(stamp: Value | undefined): Value {
  return typeof stamp === 'bigint' ? Number(stampXid(stamp) & 0xffffffffn) : null;
}

/** `deleter`: behind the stamp of a row that the statement has deleted. Of other transactions' deletions rows say nothing. */
function xmaxOf(stamp: Value | undefined, deleter: Value | undefined): Value {
  if (typeof deleter === 'bigint') return Number(deleter & 0xffffffffn);
  return typeof stamp === 'bigint' ? Number(stampXmax(stamp) & 0xffffffffn) : null;
}

/** A version's cmin and cmax are one field. */
function commandOf(stamp: Value | undefined): Value {
  return typeof stamp === 'bigint' ? stampCommand(stamp) : null;
}

function emitWholeRow(expr: Var, row: string, m: Emitter): Operand {
  const shape = wholeRowShape(expr, m);
  const make = (values: Row): PgRecord => {
    const fields = new Array<Value>(shape.columns.length);
    for (let n = 0; n < fields.length; n++) fields[n] = values[shape.columns[n] as number] ?? null;
    return new PgRecord(expr.type, fields, shape.fields);
  };
  // A function's single composite column is the row itself: no record around it.
  if (shape.isScalar) return { code: m.assign(`${row}[0]`), nullable: true };
  return { code: m.assign(`${row} === null ? null : ${m.slot(make)}(${row})`), nullable: false };
}

interface WholeRowShape {
  readonly columns: readonly number[];
  readonly fields: readonly RecordField[];
  readonly isScalar: boolean;
}

function wholeRowShape(expr: Var, m: Emitter): WholeRowShape {
  const entry = m.unit.rangeTable[expr.varno - 1];
  const type = m.catalog.typeByOid(expr.type);
  const base = type.kind === 'd' ? m.catalog.typeByOid(type.baseType) : type;
  if (base.kind === 'c' && (entry === undefined || entry.kind === 'relation' || base.oid !== 2249)) {
    const isTable = entry === undefined || entry.kind === 'relation';
    const fields = base.attributes.map(({ name, type: field, typmod }) => ({ name, type: field, typmod }));
    const columns = base.attributes.map((attribute, n) => (isTable ? attribute.number - 1 : n));
    return { columns, fields, isScalar: false };
  }
  if (entry === undefined) throw new Error('whole-row variable without its range table entry');
  if (base.oid !== 2249 && entry.kind === 'function') return { columns: [], fields: [], isScalar: true };
  const fields = anonymousFields(entry, m);
  return { columns: fields.map((_, n) => n), fields, isScalar: false };
}

function anonymousFields(entry: RangeTableEntry, m: Emitter): RecordField[] {
  const names = entry.eref.columns;
  const field = (n: number, type: number, typmod: number): RecordField => ({
    name: names[n] ?? `f${n + 1}`,
    type,
    typmod,
  });
  switch (entry.kind) {
    case 'relation': {
      const relation = m.catalog.requireRelation(entry.relation);
      return relation.attributes.map((a, n) => field(n, a.type, a.typmod));
    }
    case 'subquery': {
      const visible = entry.subquery.targetList.filter((target) => !target.junk);
      return visible.map((target, n) => {
        const { type, typmod } = target.expr as { type?: number; typmod?: number };
        return field(n, type ?? 16, typmod ?? -1);
      });
    }
    case 'function': {
      const fields = entry.functions.flatMap((f) =>
        f.columnTypes.map((type, n) => ({ type, typmod: f.columnTypmods[n] ?? -1 })),
      );
      if (entry.withOrdinality) fields.push({ type: 20, typmod: -1 });
      return fields.map((f, n) => field(n, f.type, f.typmod));
    }
    case 'values':
    case 'cte':
    case 'namedTuplestore':
      return entry.columnTypes.map((type, n) => field(n, type, entry.columnTypmods[n] ?? -1));
    default:
      return [];
  }
}

export function emitConst(expr: Const, m: Emitter): Operand {
  if (expr.value === null) return { code: 'null', nullable: true };
  if (expr.value === true) return { code: 'true', nullable: false };
  if (expr.value === false) return { code: 'false', nullable: false };
  return { code: m.slot(expr.value), nullable: false };
}

export function emitParam(expr: Param, m: Emitter): Operand {
  if (expr.paramKind === 'extern') {
    const name = m.assign(`x.v[${expr.id - 1}]`);
    m.line(`if (${name} === undefined) x.missingParameter(${expr.id});`);
    return { code: name, nullable: true };
  }
  if (expr.paramKind === 'sublink') throw new Error('a sublink parameter survived planning');
  if (m.unit.initPlanParams.has(expr.id)) {
    m.initParams.add(expr.id);
    return { code: m.assign(`${m.slot(initPlanValue)}(x.p[${expr.id}])`), nullable: true };
  }
  return { code: m.assign(`x.p[${expr.id}]`), nullable: true };
}
