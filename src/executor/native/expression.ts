// Bound expressions over a scanned table as pipelines read them. What has no form there makes the whole translation null,
// and the executor's own nodes run: nothing is approximated.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import {
  type PipelineColumn,
  type PipelineConstant,
  type PipelineExpression,
  type PipelineForm,
  pipelineType,
} from '../../storage/pipeline-program.js';
import { type Expression, outerVar, type Param, type ScalarArrayOpExpr } from '../../trees/expression.js';
import type { Plan, SeqScan } from '../../trees/plan.js';
import { walkExpression } from '../../trees/walk.js';
import { Numeric } from '../../types/numeric.js';
import { PgArray, type Value } from '../../types/value.js';
import { compileScalar } from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import { baseType } from '../operators.js';
import { PoisonedParameter, type RunState } from '../state.js';

/** Comparisons whose = ANY and <> ALL over constants the kernels know. */
const anyEquality = /^(?:int[248]|date_|timestamp_|timestamptz_|time_|numeric_|float8|text|bpchar|oid)(?:eq|ne)$/;
/** Digits that the kernels' numerics have room for. */
const coefficientMax = 10n ** 38n;

export class ProgramWriter {
  readonly columns: PipelineColumn[] = [];
  private readonly places = new Map<number, number>();

  constructor(
    private readonly x: RunState,
    private readonly relation: RelationDescriptor,
    private readonly scan: SeqScan,
  ) {}

  /** An expression of a node whose input is the scan, as it is or sorted. */
  write(expr: Expression, plan: Plan): PipelineExpression | null {
    if (isFixed(this.x, expr)) return this.fixed(expr);
    switch (expr.kind) {
      case 'Var':
        if (expr.varno === outerVar && 'outer' in plan && plan.outer !== null) {
          const target = plan.outer.targetList[expr.attno - 1];
          return target === undefined ? null : this.write(target.expr, plan.outer);
        }
        return expr.varno === this.scan.scanRtIndex ? this.column(expr.attno) : null;
      case 'Const':
        return constant(this.x, expr.type, expr.value);
      case 'Param':
        return this.parameter(expr);
      case 'OpExpr':
      case 'FuncExpr':
        return expr.returnsSet ? null : this.call(expr.function, expr.args, expr.inputCollation, plan);
      case 'RelabelType':
      case 'CollateExpr':
        return this.write(expr.arg, plan);
      case 'BoolExpr': {
        const args = this.all(expr.args, plan);
        if (args === null) return null;
        const [first] = args;
        if (expr.op !== 'not') return { kind: expr.op, args };
        return first === undefined ? null : { kind: 'not', arg: first };
      }
      case 'NullTest': {
        const arg = expr.argIsRow ? null : this.write(expr.arg, plan);
        return arg === null ? null : { kind: 'isNull', arg, negated: !expr.isNull };
      }
      case 'BooleanTest': {
        const arg = this.write(expr.arg, plan);
        if (arg === null) return null;
        const negated = expr.test.startsWith('not');
        if (expr.test.toLowerCase().endsWith('unknown')) return { kind: 'isNull', arg, negated };
        return { kind: 'isTruth', arg, truth: expr.test.toLowerCase().endsWith('true'), negated };
      }
      case 'ScalarArrayOpExpr':
        return this.anyOf(expr, plan);
      case 'CaseExpr': {
        if (expr.arg !== null) return null;
        const arms: (readonly [PipelineExpression, PipelineExpression])[] = [];
        for (const { condition, result } of expr.whens) {
          const [test, value] = [this.write(condition, plan), this.write(result, plan)];
          if (test === null || value === null) return null;
          arms.push([test, value]);
        }
        const otherwise =
          expr.defaultResult === null ? constant(this.x, expr.type, null) : this.write(expr.defaultResult, plan);
        return otherwise === null ? null : { kind: 'case', arms, otherwise };
      }
      case 'CoalesceExpr': {
        const args = this.all(expr.args, plan);
        return args === null ? null : { kind: 'coalesce', args };
      }
      default:
        return null;
    }
  }

  /** All of them, or null. */
  all(exprs: readonly Expression[], plan: Plan): PipelineExpression[] | null {
    const written: PipelineExpression[] = [];
    for (const expr of exprs) {
      const one = this.write(expr, plan);
      if (one === null) return null;
      written.push(one);
    }
    return written;
  }

  /** Strings compare by their bytes under this collation. */
  isBytewise(collation: number): boolean {
    return collation === 0 || this.x.io.collation(collation) === null;
  }

  /** An expression that has one value for all rows. */
  private fixed(expr: Expression): PipelineExpression | null {
    try {
      const value = compileScalar(this.x.unit, expr).run(this.x, null);
      return value instanceof Promise ? null : constant(this.x, typeOf(expr, this.x.unit.catalog), value);
    } catch {
      // Whether its error is due depends on the rows.
      return null;
    }
  }

  private column(attno: number): PipelineExpression | null {
    const known = this.places.get(attno);
    if (known !== undefined) return { kind: 'column', column: known };
    const attribute = this.relation.layout.attributes[attno - 1];
    if (attribute === undefined || attribute.type === null) return null;
    const type = pipelineType(baseType(this.x.unit.catalog, attribute.type.oid));
    if (type === null) return null;
    const column =
      this.columns.push({
        attribute: attno - 1,
        stored: type.stored,
        missingIsNull: attribute.missing === null,
      }) - 1;
    this.places.set(attno, column);
    return { kind: 'column', column };
  }

  private parameter(param: Param): PipelineExpression | null {
    if (param.paramKind === 'sublink') return null;
    const value = param.paramKind === 'extern' ? this.x.v[param.id - 1] : this.x.p[param.id];
    if (value === undefined || value instanceof PoisonedParameter) return null;
    return constant(this.x, param.type, value);
  }

  private call(oid: number, exprs: readonly Expression[], collation: number, plan: Plan): PipelineExpression | null {
    const { unit } = this.x;
    const descriptor = unit.catalog.requireFunction(oid);
    if (descriptor.language !== 'internal' || !unit.isDeterministic(collation)) return null;
    const args = this.all(exprs, plan);
    if (args === null) return null;
    return { kind: 'call', function: descriptor.source, args, bytewise: this.isBytewise(collation) };
  }

  private anyOf(expr: ScalarArrayOpExpr, plan: Plan): PipelineExpression | null {
    const { unit } = this.x;
    const symbol = unit.catalog.requireFunction(expr.function).source;
    const [arg, list] = expr.args;
    const isKnown = anyEquality.test(symbol) && symbol.endsWith(expr.useOr ? 'eq' : 'ne');
    if (!isKnown || !unit.isDeterministic(expr.inputCollation) || list.kind !== 'Const') return null;
    if (!(list.value instanceof PgArray)) return null;
    const written = this.write(arg, plan);
    if (written === null) return null;
    const values: PipelineConstant[] = [];
    for (const element of list.value.elements) {
      const value = constant(this.x, list.value.elementType, element);
      if (value === null) return null;
      values.push(value);
    }
    return { kind: 'anyOf', arg: written, values, padded: symbol.startsWith('bpchar'), negated: !expr.useOr };
  }
}

/** A call whose arguments, and so its value, are the same for all rows. */
function isFixed(x: RunState, expr: Expression): boolean {
  if (expr.kind !== 'OpExpr' && expr.kind !== 'FuncExpr') return expr.kind === 'SqlValueFunction';
  const { language, volatility } = x.unit.catalog.requireFunction(expr.function);
  const isPlain = language === 'internal' && volatility !== 'v' && !expr.returnsSet;
  return isPlain && expr.args.every((arg) => isSettled(x, arg));
}

function isSettled(x: RunState, expr: Expression): boolean {
  if (expr.kind === 'Param') return expr.paramKind === 'extern';
  return expr.kind === 'Const' || (expr.kind === 'RelabelType' ? isSettled(x, expr.arg) : isFixed(x, expr));
}

/** Exec parameters that expressions read, whose initplans must have run first. */
export function execParams(exprs: readonly Expression[]): readonly number[] {
  const ids = new Set<number>();
  for (const expr of exprs) {
    walkExpression(expr, (node) => {
      if (node.kind === 'Param' && node.paramKind === 'exec') ids.add(node.id);
      return undefined;
    });
  }
  return [...ids];
}

function constant(x: RunState, typeOid: number, value: Value): PipelineConstant | null {
  const type = pipelineType(baseType(x.unit.catalog, typeOid));
  if (type === null) return null;
  const { form } = type;
  if (value === null) return { kind: 'constant', form, value: null };
  if (value instanceof Numeric) {
    const { coefficient, scale } = value;
    if (!value.isFinite || coefficient >= coefficientMax || coefficient <= -coefficientMax || scale > 38) return null;
    return { kind: 'constant', form, value: coefficient.toString(), scale };
  }
  const spelled = spelling(form, value);
  return spelled === null ? null : { kind: 'constant', form, value: spelled };
}

function spelling(form: PipelineForm, value: Value): string | null {
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'string':
      return value;
    case 'number':
      return form === 'float8' ? floatBits(value) : String(value);
    default:
      return null;
  }
}

function floatBits(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString();
}
