// An aggregate call resolved against pg_aggregate: its support functions, types, initial value, and how its inputs are
// ordered and made distinct. Shared by Agg and WindowAgg; compiled once per plan.
import type { AggregateDescriptor } from '../../catalog/descriptors.js';
import { notSupported } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import type { Aggref, Expression, TargetEntry, WindowFunc } from '../../trees/expression.js';
import type { SortKey } from '../../trees/plan.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { Row, Value } from '../../types/value.js';
import { type RowProgram, compileRow } from '../expressions/compile.js';
import { typeOf } from '../expressions/type-of.js';
import type { CompileUnit } from '../expressions/unit.js';
import { baseType, sortComparator } from '../operators.js';
import { rowComparator } from '../row-order.js';
import type { RunState } from '../state.js';
import { type SupportFunction, supportFunction } from './callable.js';

export interface AggregateSpec {
  readonly descriptor: AggregateDescriptor;
  readonly transition: SupportFunction;
  readonly final: SupportFunction | null;
  readonly transitionType: TypeDescriptor;
  readonly resultType: TypeDescriptor;
  readonly argTypes: readonly number[];
  readonly collation: number;
  /** Aggregated arguments handed to the transition function: the first ones of `inputs`. */
  readonly argCount: number;
  /** Arguments and, behind them, columns that only sort. */
  readonly inputs: readonly TargetEntry[];
  readonly filter: Expression | null;
  readonly directArgs: RowProgram | null;
  readonly directTypes: readonly number[];
  /** Plain aggregates with ORDER BY or DISTINCT: how their inputs are sorted. */
  readonly sort: readonly SortKey[];
  readonly isDistinct: boolean;
  /** Ordered-set aggregates sort for themselves, by this. */
  readonly orderedSet: readonly SortKey[];
  readonly needsWait: boolean;
}

/** Resolves an Aggref. */
export function aggregateSpec(unit: CompileUnit, expr: Aggref): AggregateSpec {
  const descriptor = requireAggregate(unit, expr.function);
  const inputs = expr.args;
  const argCount = expr.args.filter((entry) => !entry.junk).length;
  const argTypes = inputs.slice(0, argCount).map((entry) => typeOf(entry.expr, unit.catalog));
  const clauses = expr.aggKind === 'n' ? [...expr.orderBy] : [];
  for (const clause of expr.aggKind === 'n' ? expr.distinct : []) {
    if (!clauses.some((known) => known.sortGroupRef === clause.sortGroupRef)) clauses.push(clause);
  }
  const directTypes = expr.directArgs.map((arg) => typeOf(arg, unit.catalog));
  return {
    ...supportFunctions(unit, descriptor, {
      transitionType: resolvedTransitionType(unit, expr.transitionType, descriptor, argTypes),
      argTypes,
      directTypes,
      resultType: expr.type,
      collation: expr.inputCollation,
    }),
    argCount,
    inputs,
    filter: expr.filter,
    directArgs: expr.directArgs.length === 0 ? null : compileRow(unit, expr.directArgs),
    sort: expr.presorted === true ? [] : sortKeys(clauses, inputs, expr.inputCollation),
    isDistinct: expr.distinct.length > 0,
    orderedSet: expr.aggKind === 'n' ? [] : sortKeys(expr.orderBy, inputs, expr.inputCollation),
  };
}

/** Resolves a plain aggregate that is called as a window function. */
export function windowAggregateSpec(unit: CompileUnit, expr: WindowFunc, moving: boolean): AggregateSpec {
  const base = requireAggregate(unit, expr.function);
  const descriptor: AggregateDescriptor = moving
    ? {
        ...base,
        transitionFunction: base.movingTransitionFunction,
        finalFunction: base.movingFinalFunction,
        transitionType: base.movingTransitionType,
        initialValue: base.movingInitialValue,
        finalExtraArgs: base.movingFinalExtraArgs,
      }
    : base;
  const argTypes = expr.args.map((arg) => typeOf(arg, unit.catalog));
  return {
    ...supportFunctions(unit, descriptor, {
      transitionType: resolvedTransitionType(unit, descriptor.transitionType, descriptor, argTypes, expr.type),
      argTypes,
      directTypes: [],
      resultType: expr.type,
      collation: expr.inputCollation,
    }),
    argCount: argTypes.length,
    inputs: [],
    filter: expr.filter,
    directArgs: null,
    sort: [],
    isDistinct: false,
    orderedSet: [],
  };
}

/** The inverse transition function of a moving aggregate. */
export function inverseFunction(unit: CompileUnit, spec: AggregateSpec): SupportFunction | null {
  return supportFunction(unit, spec.descriptor.movingInverseFunction, {
    argTypes: [spec.transitionType.oid, ...spec.argTypes],
    resultType: spec.transitionType.oid,
    collation: spec.collation,
  });
}

export function requireAggregate(unit: CompileUnit, oid: number): AggregateDescriptor {
  const descriptor = unit.catalog.aggregate(oid);
  if (descriptor === null) throw notSupported(`aggregate function ${unit.catalog.requireFunction(oid).name}`);
  return descriptor;
}

/** Polymorphic transition types (anyelement, anyarray, ...) follow the aggregate's arguments. */
function resolvedTransitionType(
  unit: CompileUnit,
  declared: number,
  descriptor: AggregateDescriptor,
  argTypes: readonly number[],
  resultType = 0,
): number {
  const type = declared === 0 ? descriptor.transitionType : declared;
  const [first] = argTypes;
  if (type === 2277 && first !== undefined) {
    const argument = unit.catalog.typeByOid(first);
    return argument.element !== 0 && argument.category === 'A' ? first : argument.array;
  }
  if (type === 2283 || type === 3500 || type === 5077) return first ?? resultType;
  return type;
}

function supportFunctions(
  unit: CompileUnit,
  descriptor: AggregateDescriptor,
  types: {
    readonly transitionType: number;
    readonly argTypes: readonly number[];
    readonly directTypes: readonly number[];
    readonly resultType: number;
    readonly collation: number;
  },
): Pick<
  AggregateSpec,
  | 'descriptor'
  | 'transition'
  | 'final'
  | 'transitionType'
  | 'resultType'
  | 'argTypes'
  | 'collation'
  | 'directTypes'
  | 'needsWait'
> {
  const { transitionType, argTypes, directTypes, resultType, collation } = types;
  const transition = supportFunction(unit, descriptor.transitionFunction, {
    argTypes: [transitionType, ...argTypes],
    resultType: transitionType,
    collation,
  });
  if (transition === null) throw notSupported('an aggregate without a transition function');
  const final = supportFunction(unit, descriptor.finalFunction, {
    argTypes: [transitionType, ...directTypes, ...(descriptor.finalExtraArgs ? argTypes : [])],
    resultType,
    collation,
  });
  return {
    descriptor,
    transition,
    final,
    transitionType: unit.catalog.typeByOid(transitionType),
    resultType: unit.catalog.typeByOid(resultType),
    argTypes,
    directTypes,
    collation,
    needsWait: transition.waits || (final?.waits ?? false),
  };
}

function sortKeys(clauses: Aggref['orderBy'], inputs: readonly TargetEntry[], collation: number): SortKey[] {
  return clauses.map((clause) => {
    const column = inputs.findIndex((entry) => entry.sortGroupRef === clause.sortGroupRef) + 1;
    const expr = inputs[column - 1]?.expr;
    const own = expr !== undefined && 'collation' in expr ? expr.collation : collation;
    return {
      column,
      operator: clause.sortOperator === 0 ? clause.equalityOperator : clause.sortOperator,
      collation: own,
      descending: clause.descending,
      nullsFirst: clause.nullsFirst,
    };
  });
}

/** What an execution needs beside the spec: CallInfos, initial value, order of inputs. */
export interface AggregateRun {
  readonly transitionInfo: CallInfo;
  readonly finalInfo: CallInfo;
  readonly initialValue: Value;
  readonly directArgs: Row;
  readonly compareInputs: ((left: Row, right: Row) => number) | null;
}

/** Prepares a spec for one execution. `directArgs` are the evaluated direct arguments. */
export function aggregateRun(x: RunState, spec: AggregateSpec, directArgs: Row): AggregateRun {
  const { catalog, session } = x.context;
  const io = x.ioFor(spec.collation);
  const types = (oids: readonly number[]) => oids.map((oid) => catalog.typeByOid(oid));
  const aggregate = {
    directArgs,
    sortDescending: spec.orderedSet.map((key) => key.descending),
    sortNullsFirst: spec.orderedSet.map((key) => key.nullsFirst),
    compareSort: spec.orderedSet.map((key) => {
      const type = typeOf((spec.inputs[key.column - 1] as TargetEntry).expr, catalog);
      const compare = sortComparator(catalog, key.operator, type);
      const context = x.ioFor(key.collation);
      return (left: Value, right: Value) => compare(left, right, context);
    }),
  };
  const common = { collation: spec.collation, io, session, isVariadic: false, aggregate };
  const { initialValue } = spec.descriptor;
  const state = baseType(catalog, spec.transitionType.oid);
  const finalTypes = [
    spec.transitionType.oid,
    ...spec.directTypes,
    ...(spec.descriptor.finalExtraArgs ? spec.argTypes : []),
  ];
  return {
    transitionInfo: {
      ...common,
      argTypes: types([spec.transitionType.oid, ...spec.argTypes]),
      resultType: spec.transitionType,
      memo: undefined,
    },
    finalInfo: { ...common, argTypes: types(finalTypes), resultType: spec.resultType, memo: undefined },
    initialValue: initialValue === null ? null : state.behaviour.input(initialValue, state, -1, io),
    directArgs,
    compareInputs: spec.sort.length === 0 ? null : rowComparator(x, spec.sort, spec.inputs),
  };
}
