// Before a statement runs: may the user do this with these relations (42501), and does a read-only transaction allow it
// (25006)? A plan that was found permitted is not checked again for the same user until a catalog changes.
import type { Catalog } from '../catalog/api.js';
import type { AccessControl } from '../catalog/access.js';
import type { FunctionDescriptor } from '../catalog/descriptors.js';
import { requireExecute } from '../catalog/function-privileges.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import type { Plan, PlannedStatement } from '../trees/plan.js';
import { planChildren, planExpressions } from '../trees/plan-children.js';
import type { RtePermissions } from '../trees/query.js';
import { walkExpression } from '../trees/walk.js';
import type { ExecutionContext } from './api.js';
import type { CompileUnit } from './expressions/unit.js';

/** PostgreSQL's ACL_* bits of relations. */
const aclInsert = 1;
const aclSelect = 2;
const aclUpdate = 4;

const permitted = new WeakMap<CompileUnit, number>();

/** The user was found to have the privileges that the plan asks for. */
export function isPermitted(unit: CompileUnit, userId: number): boolean {
  return permitted.get(unit) === userId;
}

/** Throws 42501 "permission denied for table x", 25006 in a read-only transaction. */
export function checkStart(planned: PlannedStatement, unit: CompileUnit, context: ExecutionContext): void {
  if (context.transaction.readOnly) checkReadOnly(planned, context);
  checkPermissions(planned, unit, context);
}

/** Throws 42501 "permission denied for table x". */
export function checkPermissions(planned: PlannedStatement, unit: CompileUnit, context: ExecutionContext): void {
  if (isPermitted(unit, context.userId)) return;
  const access = accessOf(context.catalog);
  for (const entry of planned.rangeTable) {
    if (entry.kind === 'relation' && entry.permissions !== null)
      check(access, entry.relation, entry.permissions, context);
    if (entry.kind === 'subquery' && entry.permissions !== null)
      check(access, entry.viewRelation, entry.permissions, context);
  }
  for (const fn of restrictedFunctions(planned, unit, context)) requireExecute(context.catalog, fn, context.userId);
  permitted.set(unit, context.userId);
}

/** The functions that the plan calls and not everybody may execute. */
function restrictedFunctions(
  planned: PlannedStatement,
  unit: CompileUnit,
  context: ExecutionContext,
): readonly FunctionDescriptor[] {
  return unit.cached(planned.subplans, () => {
    const found = new Set<number>();
    const visit = (plan: Plan): void => {
      for (const expression of planExpressions(plan)) collectFunctions(expression, found);
      planChildren(plan).forEach(visit);
    };
    [planned.plan, ...planned.subplans].forEach(visit);
    return restricted(found, context.catalog);
  });
}

/** 42501 for functions of a single expression that the user may not execute. */
export function checkExpression(expression: Expression, context: ExecutionContext): void {
  const found = new Set<number>();
  collectFunctions(expression, found);
  for (const fn of restricted(found, context.catalog)) requireExecute(context.catalog, fn, context.userId);
}

function restricted(functions: ReadonlySet<number>, catalog: Catalog): readonly FunctionDescriptor[] {
  return [...functions].flatMap((oid) => {
    const fn = catalog.function(oid);
    return fn === null || fn.acl === null || fn.acl === undefined ? [] : [fn];
  });
}

function collectFunctions(expression: Expression, found: Set<number>): void {
  walkExpression(expression, (node) => {
    if ('function' in node && typeof node.function === 'number') found.add(node.function);
    return undefined;
  });
}

function accessOf(catalog: Catalog): AccessControl | null {
  return (catalog as Catalog & { readonly access?: AccessControl }).access ?? null;
}

function check(
  access: AccessControl | null,
  relation: number,
  permissions: RtePermissions,
  context: ExecutionContext,
): void {
  if (access === null || permissions.required === 0) return;
  const role = permissions.checkAsUser === 0 ? context.userId : permissions.checkAsUser;
  const missing = permissions.required & ~access.mask('r', relation, role, permissions.required);
  if (missing === 0) return;
  const byColumns =
    (missing & ~(aclInsert | aclSelect | aclUpdate)) === 0 &&
    ((missing & aclSelect) === 0 || allowsSelect(access, relation, role, permissions.selected, context)) &&
    ((missing & aclInsert) === 0 || allowsColumns(access, relation, role, permissions.inserted, aclInsert)) &&
    ((missing & aclUpdate) === 0 || allowsColumns(access, relation, role, permissions.updated, aclUpdate));
  if (byColumns) return;
  const descriptor = context.catalog.requireRelation(relation);
  throw pgError(SqlState.insufficientPrivilege, `permission denied for ${nounOf(descriptor.kind)} ${descriptor.name}`);
}

/** Without column references any column's privilege will do; the whole row needs all of them. */
function allowsSelect(
  access: AccessControl,
  relation: number,
  role: number,
  columns: readonly number[],
  context: ExecutionContext,
): boolean {
  if (columns.length === 0) return access.anyColumn(relation, role, aclSelect);
  return columns.every((column) => {
    if (column !== 0) return access.columnMask(relation, column, role, aclSelect) === aclSelect;
    const live = context.catalog.requireRelation(relation).attributes.filter((attribute) => !attribute.isDropped);
    return live.every((attribute) => access.columnMask(relation, attribute.number, role, aclSelect) === aclSelect);
  });
}

function allowsColumns(
  access: AccessControl,
  relation: number,
  role: number,
  columns: readonly number[],
  bit: number,
): boolean {
  if (columns.length === 0) return access.anyColumn(relation, role, bit);
  return columns.every((column) => access.columnMask(relation, column, role, bit) === bit);
}

const nouns: Readonly<Record<string, string>> = {
  S: 'sequence',
  v: 'view',
  m: 'materialized view',
  i: 'index',
  f: 'foreign table',
};

function nounOf(kind: string): string {
  return nouns[kind] ?? 'table';
}

/** Anything but reading is refused, save on temporary tables. */
function checkReadOnly(planned: PlannedStatement, context: ExecutionContext): void {
  for (const entry of planned.rangeTable) {
    if (entry.kind !== 'relation' || entry.permissions === null) continue;
    if ((entry.permissions.required & ~aclSelect) === 0) continue;
    if (context.catalog.requireRelation(entry.relation).persistence === 't') continue;
    context.transaction.requireWritable(commandName(planned));
  }
}

function commandName(planned: PlannedStatement): string {
  if (planned.commandType !== 'select') return planned.commandType.toUpperCase();
  const [mark] = planned.rowMarks;
  const strengths: Record<string, string> = {
    keyShare: ' FOR KEY SHARE',
    share: ' FOR SHARE',
    noKeyUpdate: ' FOR NO KEY UPDATE',
    update: ' FOR UPDATE',
  };
  return `SELECT${mark === undefined ? '' : (strengths[mark.mark] ?? '')}`;
}
