// What the planner would have computed from a statement's literals before it ran: immutable functions of parameters alone
// (casts to a column's length or scale, above all). Their errors come before the statement's first message, so they are
// looked for before a template runs. SQL before: insert into t (name) values ('much too long'); after: varchar($1, 14).
import type { Catalog } from '../../catalog/api.js';
import type { ExecutionContext } from '../../executor/api.js';
import { type RowProgram, compileRow } from '../../executor/expressions/compile.js';
import { CompileUnit } from '../../executor/expressions/unit.js';
import { RunState } from '../../executor/state.js';
import type { Expression } from '../../trees/expression.js';
import type { Query } from '../../trees/query.js';
import { forEachChild, forEachQueryExpression } from '../../trees/walk.js';
import type { ParameterValue } from '../parameters.js';
import type { Session } from '../session.js';

export interface FoldCheck {
  /** There is nothing to compute. */
  readonly isEmpty: boolean;
  /** False where one of the computations fails. */
  passes(session: Session, parameters: readonly ParameterValue[]): boolean;
}

/** Null where a parameter stands in something whose folding can't be told from outside. */
export function foldCheck(catalog: Catalog, query: Query): FoldCheck | null {
  const found: Expression[] = [];
  let isPlain = true;
  forEachQueryExpression(query, (expression) => {
    if (collect(catalog, expression, found) === 'unclear') isPlain = false;
  });
  if (!isPlain) return null;
  if (found.length === 0) return { isEmpty: true, passes: () => true };
  const unit = new CompileUnit(catalog, catalog.version(), []);
  const program = compileRow(unit, found);
  if (program.isAsync) return null;
  return { isEmpty: false, passes: (session, parameters) => runs(unit, program, session, parameters) };
}

function runs(
  unit: CompileUnit,
  program: RowProgram,
  session: Session,
  parameters: readonly ParameterValue[],
): boolean {
  try {
    // Immutable functions see nothing of a transaction.
    const context = { ...session.pointContext, parameters } as unknown as ExecutionContext;
    return !(program.run(new RunState(unit, context, null), null) instanceof Promise);
  } catch {
    return false;
  }
}

/** constant: nothing but literals and immutable functions of them; mixed: the parts that are have been added to `found`. */
type Kind = 'constant' | 'mixed' | 'unclear';

function collect(catalog: Catalog, expression: Expression, found: Expression[]): Kind {
  if (expression.kind === 'Const' || expression.kind === 'Param') return 'constant';
  const children: Expression[] = [];
  forEachChild(expression, (child) => children.push(child));
  if (children.length === 0) return 'mixed';
  const kinds = children.map((child) => collect(catalog, child, found));
  if (kinds.includes('unclear')) return 'unclear';
  const hasParameter = children.some((child, index) => kinds[index] === 'constant' && readsParameter(child));
  if (!hasParameter)
    return kinds.every((kind) => kind === 'constant') && isImmutable(catalog, expression) ? 'constant' : 'mixed';
  const isCall = isImmutable(catalog, expression);
  if (isCall === null) return 'unclear';
  if (isCall && kinds.every((kind) => kind === 'constant')) {
    // The largest such part is what counts; smaller ones are within it.
    if (expression.kind === 'ArrayExpr') return 'constant';
    for (const child of children) remove(found, child);
    found.push(expression);
    return 'constant';
  }
  return 'mixed';
}

function remove(list: Expression[], expression: Expression): void {
  const at = list.indexOf(expression);
  if (at >= 0) list.splice(at, 1);
}

function readsParameter(expression: Expression): boolean {
  if (expression.kind === 'Param') return true;
  let reads = false;
  forEachChild(expression, (child) => {
    reads ||= readsParameter(child);
  });
  return reads;
}

/** Whether a call can be computed in advance; null for expressions whose parts may not be computed at all. */
function isImmutable(catalog: Catalog, expression: Expression): boolean | null {
  switch (expression.kind) {
    case 'RelabelType':
    case 'CollateExpr':
    case 'ArrayExpr':
      return true;
    case 'ScalarArrayOpExpr':
      return catalog.function(expression.function)?.volatility === 'i';
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
      return !expression.returnsSet && catalog.function(expression.function)?.volatility === 'i';
    // Input and output functions may look at settings; domains at anything.
    case 'CoerceViaIO':
    case 'CoerceToDomain':
    case 'Aggref':
    case 'WindowFunc':
      return false;
    default:
      return null;
  }
}
