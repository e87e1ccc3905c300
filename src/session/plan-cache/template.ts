// A statement with parameters in the place of literals, and the proof that it stands for the literal one: its bound tree
// equals the other's but for the literals. Where the result can't depend on which plan runs, because at most one row of one
// table is touched (by a whole unique key) or no table is read at all, one plan serves; other statements are planned for
// their values until a generic plan turns out to be as good, as prepared ones are.
import type { Catalog } from '../../catalog/api.js';
import type { IndexDescriptor } from '../../catalog/descriptors.js';
import { equalTrees } from '../../trees/equal.js';
import type { Const, Expression, Param } from '../../trees/expression.js';
import type { PlannedStatement } from '../../trees/plan.js';
import type { Query } from '../../trees/query.js';
import type { BoundStatement } from '../../trees/statement.js';
import type { Value } from '../../types/value.js';
import { planQuery } from '../corridor.js';
import type { ParameterValue } from '../parameters.js';
import type { PreparedStatementOptions } from '../prepared-statement.js';
import type { Session } from '../session.js';
import { CachedStatement } from './cached-statement.js';
import type { Literal, LiteralKind } from './fingerprint.js';
import type { Slot } from './literal-slots.js';
import type { PlanEnvironment } from './plan-environment.js';

/** Oids of int4, int8 and numeric; strings get the type that their place gives them. */
export const declaredTypeOf: Readonly<Record<LiteralKind, number>> = { int4: 23, int8: 20, numeric: 1700, text: 0 };

/** Microseconds for which a template's plan is not compared with the sizes of its tables: its result can't depend on
 *  them, only its speed. */
const planAgeMax = 1_000_000n;

export class TemplateStatement extends CachedStatement {
  private generic: PlannedStatement | null = null;
  private checkedAt = 0n;

  constructor(
    options: PreparedStatementOptions,
    environment: PlanEnvironment,
    /** Its result can't depend on the plan. */
    private readonly touchesOneRow: boolean,
  ) {
    super(options, environment, false);
  }

  /** One row at most: always the generic plan, since no other would give another result. Else by the rule for prepared
   *  statements; only the generic plan is kept. */
  override plan(session: Session, parameters: readonly ParameterValue[]): PlannedStatement {
    if (this.generic?.catalogVersion === session.catalog.version()) return this.generic;
    const query = this.rewritten(session);
    const planned = this.touchesOneRow
      ? planQuery(session, query, null)
      : this.choice.choose(session, query, parameters);
    if (this.touchesOneRow || this.choice.settled(session, parameters.length) === planned)
      this.generic = this.adopt(session, planned);
    return planned;
  }

  override settledPlan(session: Session): PlannedStatement | null {
    return this.isCurrent(session) && this.generic?.catalogVersion === session.catalog.version() ? this.generic : null;
  }

  override bind(session: Session): BoundStatement {
    // What was proven holds for one version of the catalogs only.
    if (this.checkedAt !== 0n && !this.isCurrent(session)) throw new StaleTemplate();
    return super.bind(session);
  }

  override refresh(session: Session): void {
    const now = session.statementTimestamp;
    if (this.touchesOneRow && now - this.checkedAt < planAgeMax) return;
    this.checkedAt = now;
    super.refresh(session);
  }

  override forgetPlan(): void {
    super.forgetPlan();
    this.generic = null;
  }
}

/** The catalogs moved while the statement waited for a lock: it must be run as written. */
export class StaleTemplate extends Error {}

/** The literals as parameters of these types; null where one is no value of its type: the parser's way has the error. */
export function parameterValues(
  session: Session,
  types: readonly number[],
  slots: readonly Slot[],
  literals: readonly Literal[],
): ParameterValue[] | null {
  const { catalog } = session;
  try {
    return types.map((oid, index) => {
      const slot = slots[index] as Slot;
      const literal = literals[slot.literal] as Literal;
      const type = catalog.typeByOid(oid);
      const text = slot.isNegative ? `-${literal.text}` : literal.text;
      return { type: oid, value: type.behaviour.input(text, type, -1, catalog.io) };
    });
  } catch {
    return null;
  }
}

/** True where `template` is `statement` with parameters for constants of the same type, and `values` are these. */
export function standsFor(template: unknown, statement: unknown, values: readonly Value[]): boolean {
  if (template === statement) return true;
  if (typeof template !== 'object' || typeof statement !== 'object' || template === null || statement === null)
    return false;
  if (isParameter(template)) return isSameConstant(template, statement as Partial<Const>, values);
  if (Array.isArray(template) || Array.isArray(statement)) {
    if (!Array.isArray(template) || !Array.isArray(statement) || template.length !== statement.length) return false;
    return template.every((item, index) => standsFor(item, statement[index], values));
  }
  if (Object.getPrototypeOf(template) !== Object.prototype) return equalTrees(template, statement);
  const left = template as Readonly<Record<string, unknown>>;
  const right = statement as Readonly<Record<string, unknown>>;
  const fields = Object.keys(left);
  if (fields.length !== Object.keys(right).length) return false;
  return fields.every((field) => field === 'location' || standsFor(left[field], right[field], values));
}

function isParameter(tree: object): tree is Param {
  return (tree as Partial<Param>).kind === 'Param' && (tree as Param).paramKind === 'extern';
}

function isSameConstant(parameter: Param, constant: Partial<Const>, values: readonly Value[]): boolean {
  return (
    constant.kind === 'Const' &&
    constant.type === parameter.type &&
    constant.typmod === parameter.typmod &&
    constant.collation === parameter.collation &&
    constant.value !== null &&
    equalTrees(constant.value, values[parameter.id - 1])
  );
}

/** True where a rewritten query touches at most one row whatever its parameters are, or only makes rows. */
export function touchesOneRow(catalog: Catalog, query: Query): boolean {
  if (query.hasSubLinks || query.ctes.length > 0 || query.setOperations !== null || query.onConflict !== null)
    return false;
  if (query.commandType === 'merge' || (query.withCheckOptions?.length ?? 0) > 0) return false;
  const [entry, ...others] = query.rangeTable;
  if (others.length > 0) return false;
  if (entry === undefined || entry.kind === 'result') return true;
  if (entry.kind !== 'relation' || entry.relkind !== 'r' || entry.tableSample !== null) return false;
  if (query.commandType === 'insert') return query.joinTree.fromList.length === 0;
  const relation = catalog.relation(entry.relation);
  if (relation === null || relation.hasSubclass) return false;
  const equal = equalColumns(query.joinTree.quals);
  return relation.indexes.some((index) => isWholeKey(catalog, index, equal));
}

interface EqualColumn {
  readonly attribute: number;
  readonly operator: number;
  readonly collation: number;
}

/** Columns that conditions compare with a constant or parameter. */
function equalColumns(quals: Expression | null): readonly EqualColumn[] {
  if (quals === null) return [];
  if (quals.kind === 'BoolExpr' && quals.op === 'and') return quals.args.flatMap(equalColumns);
  if (quals.kind !== 'OpExpr' || quals.args.length !== 2) return [];
  const [left, right] = quals.args.map(withoutRelabel);
  const column = left?.kind === 'Var' ? left : right?.kind === 'Var' ? right : null;
  const other = column === left ? right : left;
  if (column === null || column.levelsUp !== 0 || (other?.kind !== 'Param' && other?.kind !== 'Const')) return [];
  return [{ attribute: column.attno, operator: quals.operator, collation: quals.inputCollation }];
}

function withoutRelabel(expression: Expression): Expression {
  return expression.kind === 'RelabelType' ? withoutRelabel(expression.arg) : expression;
}

function isWholeKey(catalog: Catalog, index: IndexDescriptor, columns: readonly EqualColumn[]): boolean {
  if (
    !index.isUnique ||
    !index.isImmediate ||
    !index.isValid ||
    index.predicate !== null ||
    index.accessMethod !== 'btree'
  )
    return false;
  return index.keys.every((key) =>
    columns.some(
      (column) =>
        column.attribute > 0 &&
        column.attribute === key.attribute &&
        (key.collation === 0 || key.collation === column.collation) &&
        catalog
          .operatorFamilies(column.operator)
          .some((member) => member.family === key.opfamily && member.strategy === equalStrategy),
    ),
  );
}

/** B-tree strategy number of =. */
const equalStrategy = 3;
