// CREATE DOMAIN and ALTER DOMAIN: base type, default, NOT NULL, checks; existing columns of the domain are checked.
import type { AlterDomainStmt, Constraint, CreateDomainStmt, Node } from '@pgsql/types';
import { deleteObjects } from '../catalog/dependencies/delete-objects.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { treeToJson } from '../trees/json.js';
import { mapExpressionDeep } from '../trees/walk.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { isNullConst } from './column-default.js';
import { columnCollation, formatType, resolveType } from './column-type.js';
import { storedCheck } from './constraint.js';
import { insertConstraint } from './constraint-row.js';
import { forgetDependencies, recordDependency } from './depend.js';
import { recordExpressionDependencies } from './expression-dependencies.js';
import { chooseConstraintName } from './naming.js';
import { objectTarget } from './namespace.js';
import { findType } from './object-lookup.js';
import { requireOwner, requireTypeUsage } from './permissions.js';
import { columnVar, hasRowWhere, isNullTest, negated } from './table-scan.js';
import { locationOf, nodeOf, stringList } from './tree.js';
import { withoutPositions } from './unplaced.js';
import { insertTypeWithArray, requireFreeTypeName } from './type-rows.js';

const domainInput = 2597;
const domainReceive = 2598;

interface DomainType {
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
}

/** CREATE DOMAIN. */
export async function createDomainStatement(
  statement: CreateDomainStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const { namespace, name } = await objectTarget(context, stringList(statement.domainname));
  await requireFreeTypeName(context, name, namespace.oid, false);
  const { type, typmod } = resolveType(context, statement.typeName);
  requireTypeUsage(context, type);
  const base = context.catalog.tables.findOne('pg_type', { oid: type })?.row;
  if (base === undefined) throw new Error('invariant broken: base type without a row');
  if (!'bcderm'.includes(base.typtype)) {
    throw pgError(
      SqlState.datatypeMismatch,
      `"${formatType(context, type)}" is not a valid base type for a domain`,
      locationOf(statement.typeName ?? {}),
    );
  }
  const collation = columnCollation(context, type, statement.collClause);
  const parts = sortConstraints(statement.constraints ?? []);
  const bound = parts.defaultExpr
    ? bindDomainDefault(context, parts.defaultExpr, { type, typmod, collation, name })
    : null;
  const expression = bound !== null && isNullConst(bound) ? null : bound;
  const oid = context.catalog.tables.newOid('pg_type');
  await insertTypeWithArray(context, {
    oid,
    typname: name,
    typnamespace: namespace.oid,
    typowner: context.userId,
    typtype: 'd',
    typcategory: base.typcategory,
    typlen: base.typlen,
    typbyval: base.typbyval,
    typdelim: base.typdelim,
    typalign: base.typalign,
    typstorage: base.typstorage,
    typanalyze: base.typanalyze,
    typinput: domainInput,
    typoutput: base.typoutput,
    typreceive: domainReceive,
    typsend: base.typsend,
    typnotnull: parts.notNull,
    typbasetype: type,
    typtypmod: typmod,
    typndims: (statement.typeName?.arrayBounds ?? []).length,
    typcollation: collation,
    typdefaultbin: expression === null ? null : treeToJson(expression),
    typdefault: expression === null ? null : context.corridor.deparseExpression(expression, 0),
  });
  if (expression !== null) await recordDefaultDependencies(context, oid, expression);
  if (parts.notNull) await storeNotNull(context, oid, parts.notNullName);
  const taken: string[] = [];
  for (const check of parts.checks) taken.push((await storeDomainCheck(context, oid, check, taken)).name);
  return { kind: 'done', tag: 'CREATE DOMAIN' };
}

interface DomainParts {
  readonly defaultExpr: Node | null;
  readonly notNull: boolean;
  readonly notNullName: string | null;
  readonly checks: readonly Constraint[];
}

function sortConstraints(nodes: readonly Node[]): DomainParts {
  let defaultExpr: Node | null = null;
  let hasDefault = false;
  let notNull: boolean | null = null;
  let notNullName: string | null = null;
  const checks: Constraint[] = [];
  for (const node of nodes) {
    const constraint = nodeOf(node, 'Constraint');
    const refuse = (text: string): Error => pgError(SqlState.syntaxError, text, locationOf(constraint));
    switch (constraint.contype) {
      case 'CONSTR_DEFAULT':
        if (hasDefault) throw pgError(SqlState.syntaxError, 'multiple default expressions');
        hasDefault = true;
        defaultExpr = constraint.raw_expr ?? null;
        break;
      case 'CONSTR_NOTNULL':
      case 'CONSTR_NULL': {
        const wanted = constraint.contype === 'CONSTR_NOTNULL';
        if (notNull !== null && notNull !== wanted) throw refuse('conflicting NULL/NOT NULL constraints');
        notNull = wanted;
        if (wanted) notNullName = constraint.conname ?? null;
        break;
      }
      case 'CONSTR_CHECK':
        if (constraint.is_no_inherit) {
          throw pgError(
            SqlState.invalidObjectDefinition,
            'check constraints for domains cannot be marked NO INHERIT',
            locationOf(constraint),
          );
        }
        checks.push(constraint);
        break;
      default:
        throw refuse(unsuitable(constraint.contype ?? ''));
    }
  }
  return { defaultExpr, notNull: notNull === true, notNullName, checks };
}

function unsuitable(kind: string): string {
  const words: Readonly<Record<string, string>> = {
    CONSTR_UNIQUE: 'unique constraints not possible for domains',
    CONSTR_PRIMARY: 'primary key constraints not possible for domains',
    CONSTR_EXCLUSION: 'exclusion constraints not possible for domains',
    CONSTR_FOREIGN: 'foreign key constraints not possible for domains',
  };
  if (kind.startsWith('CONSTR_ATTR_')) return 'specifying constraint deferrability not supported for domains';
  return words[kind] ?? 'specifying GENERATED not supported for domains';
}

function bindDomainDefault(
  context: CommandContext,
  node: Node,
  domain: DomainType & { readonly name: string },
): Expression {
  const target = { type: domain.type, typmod: domain.typmod, collation: domain.collation, columnName: domain.name };
  const scope = { use: 'columnDefault', relation: 0, target } as const;
  return withoutPositions(context).corridor.analyzeExpression(node, scope, context.sourceText);
}

async function recordDefaultDependencies(context: CommandContext, oid: number, expression: Expression): Promise<void> {
  await recordExpressionDependencies(context, objectAddress(ClassOid.type, oid), expression, {
    relation: 0,
    type: 'n',
    selfType: 'n',
  });
}

/** A domain's NOT NULL has a pg_constraint row since 17. */
async function storeNotNull(context: CommandContext, oid: number, wanted: string | null): Promise<string> {
  const type = context.catalog.typeByOid(oid);
  const name =
    wanted ?? chooseConstraintName(context, { name1: type.name, name2: null, label: 'not_null' }, type.schema, []);
  await insertConstraint(context, { name, schema: type.schema, kind: 'n', relation: 0, domain: oid });
  return name;
}

async function storeDomainCheck(
  context: CommandContext,
  oid: number,
  constraint: Constraint,
  taken: readonly string[],
): Promise<{ readonly name: string; readonly expression: Expression }> {
  const type = context.catalog.typeByOid(oid);
  const name =
    constraint.conname ??
    chooseConstraintName(context, { name1: type.name, name2: null, label: 'check' }, type.schema, taken);
  if (context.catalog.tables.findOne('pg_constraint', { contypid: oid, conrelid: 0, conname: name }) !== null) {
    throw pgError(
      SqlState.duplicateObject,
      `constraint "${name}" for domain ${formatType(context, oid)} already exists`,
    );
  }
  if (!constraint.raw_expr) throw new Error('invariant broken: CHECK without an expression');
  const expression = withoutPositions(context).corridor.analyzeExpression(
    constraint.raw_expr,
    {
      use: 'domainCheck',
      relation: 0,
      valueType: { type: type.baseType, typmod: type.typmod, collation: type.collation },
      target: { type: TypeOid.bool, typmod: -1, collation: 0, columnName: '' },
    },
    context.sourceText,
  );
  const validated = constraint.skip_validation !== true;
  await insertConstraint(context, {
    name,
    schema: type.schema,
    kind: 'c',
    relation: 0,
    domain: oid,
    expression,
    validated,
  });
  return { name, expression };
}

/** ALTER DOMAIN. */
export async function alterDomainStatement(
  statement: AlterDomainStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const names = stringList(statement.typeName).map((sval) => ({ String: { sval } }));
  const { objectId } = findType(context, { names, typemod: -1 }, false);
  if (context.catalog.typeByOid(objectId).kind !== 'd')
    throw pgError(SqlState.wrongObjectType, `${formatType(context, objectId)} is not a domain`);
  await context.transaction.lockObject(ClassOid.type, objectId, 'AccessExclusiveLock');
  requireOwner(context, context.catalog.typeByOid(objectId).owner, 'type', formatType(context, objectId));
  switch (statement.subtype) {
    case 'T':
      await setDefault(context, objectId, statement.def ?? null);
      break;
    case 'N':
      await dropNotNull(context, objectId);
      break;
    case 'O':
      await setNotNull(context, objectId, null);
      break;
    case 'C':
      await addConstraint(context, objectId, nodeOf(statement.def, 'Constraint'));
      break;
    case 'X':
      await dropConstraint(context, objectId, statement);
      break;
    case 'V':
      await validateConstraint(context, objectId, statement.name ?? '');
      break;
    default:
      throw notSupported('ALTER DOMAIN');
  }
  return { kind: 'done', tag: 'ALTER DOMAIN' };
}

async function setDefault(context: CommandContext, oid: number, node: Node | null): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_type', { oid });
  if (entry === null) return;
  const { typbasetype: type, typtypmod: typmod, typcollation: collation, typname: name } = entry.row;
  const bound = node === null ? null : bindDomainDefault(context, node, { type, typmod, collation, name });
  const expression = bound !== null && isNullConst(bound) ? null : bound;
  const address = objectAddress(ClassOid.type, oid);
  await tables.update(context.transaction, 'pg_type', entry, {
    typdefaultbin: expression === null ? null : treeToJson(expression),
    typdefault: expression === null ? null : context.corridor.deparseExpression(expression, 0),
  });
  await rerecord(context, address, entry.row);
  if (expression !== null) await recordDefaultDependencies(context, oid, expression);
}

/** Dependencies of the type itself, without its old default's. */
async function rerecord(
  context: CommandContext,
  address: ReturnType<typeof objectAddress>,
  row: { readonly typnamespace: number; readonly typbasetype: number; readonly typcollation: number },
): Promise<void> {
  await forgetDependencies(context, address);
  await recordDependency(context, address, objectAddress(ClassOid.namespace, row.typnamespace), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.type, row.typbasetype), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.collation, row.typcollation), 'n');
}

async function dropNotNull(context: CommandContext, oid: number): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_type', { oid });
  if (entry === null || !entry.row.typnotnull) return;
  const constraint = tables.find('pg_constraint', { contypid: oid }).find(({ row }) => row.contype === 'n');
  if (constraint)
    await deleteObjects(context, [objectAddress(ClassOid.constraint, constraint.row.oid)], {
      behavior: 'restrict',
      internal: true,
    });
  await tables.update(context.transaction, 'pg_type', entry, { typnotnull: false });
}

async function setNotNull(context: CommandContext, oid: number, name: string | null): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_type', { oid });
  if (entry === null || entry.row.typnotnull) return;
  for (const use of columnsOfDomain(context, oid)) {
    if (!(await hasRowWhere(context, use.table, isNullTest(use.table, use.number)))) continue;
    const column = use.table.attributes[use.number - 1]?.name ?? '';
    throw pgError(SqlState.notNullViolation, `column "${column}" of table "${use.table.name}" contains null values`, {
      schema: use.table.schemaName,
      table: use.table.name,
      column,
    });
  }
  await storeNotNull(context, oid, name);
  await tables.update(context.transaction, 'pg_type', entry, { typnotnull: true });
}

async function addConstraint(context: CommandContext, oid: number, constraint: Constraint): Promise<void> {
  if (constraint.contype === 'CONSTR_NOTNULL') {
    await setNotNull(context, oid, constraint.conname ?? null);
    return;
  }
  if (constraint.contype !== 'CONSTR_CHECK') throw pgError(SqlState.syntaxError, unsuitable(constraint.contype ?? ''));
  const { expression } = await storeDomainCheck(context, oid, constraint, []);
  if (!constraint.skip_validation) await checkColumns(context, oid, expression);
}

async function dropConstraint(context: CommandContext, oid: number, statement: AlterDomainStmt): Promise<void> {
  const { tables } = context.catalog;
  const name = statement.name ?? '';
  const entry = tables.findOne('pg_constraint', { contypid: oid, conrelid: 0, conname: name });
  if (entry === null) {
    const message = `constraint "${name}" of domain "${stringList(statement.typeName).join('.')}" does not exist`;
    if (!statement.missing_ok) throw pgError(SqlState.undefinedObject, message);
    context.notice({
      severity: 'NOTICE',
      code: SqlState.successfulCompletion,
      message: `${message}, skipping`,
      fields: {},
    });
    return;
  }
  const behavior = statement.behavior === 'DROP_CASCADE' ? 'cascade' : 'restrict';
  await deleteObjects(context, [objectAddress(ClassOid.constraint, entry.row.oid)], { behavior });
  const type = tables.findOne('pg_type', { oid });
  if (entry.row.contype === 'n' && type !== null)
    await tables.update(context.transaction, 'pg_type', type, { typnotnull: false });
}

async function validateConstraint(context: CommandContext, oid: number, name: string): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_constraint', { contypid: oid, conrelid: 0, conname: name });
  const domain = context.catalog.typeByOid(oid).name;
  if (entry === null)
    throw pgError(SqlState.undefinedObject, `constraint "${name}" of domain "${domain}" does not exist`);
  if (entry.row.contype !== 'c') {
    throw pgError(SqlState.wrongObjectType, `constraint "${name}" of domain "${domain}" is not a check constraint`);
  }
  await checkColumns(context, oid, storedCheck(entry.row.conbin));
  await tables.update(context.transaction, 'pg_constraint', entry, { convalidated: true });
}

async function checkColumns(context: CommandContext, oid: number, check: Expression): Promise<void> {
  for (const use of columnsOfDomain(context, oid)) {
    const value = columnVar(use.table, use.number);
    const condition = mapExpressionDeep(check, (node) => (node.kind === 'CoerceToDomainValue' ? value : undefined));
    if (!(await hasRowWhere(context, use.table, negated(condition)))) continue;
    const column = use.table.attributes[use.number - 1]?.name ?? '';
    throw pgError(
      SqlState.checkViolation,
      `column "${column}" of table "${use.table.name}" contains values that violate the new constraint`,
      { schema: use.table.schemaName, table: use.table.name, column },
    );
  }
}

/** Stored columns whose type is the domain, or a domain over it. */
function columnsOfDomain(context: CommandContext, oid: number) {
  const { tables } = context.catalog;
  const uses: { readonly table: ReturnType<CommandContext['catalog']['requireRelation']>; readonly number: number }[] =
    [];
  for (const { row } of tables.find('pg_depend', { refclassid: ClassOid.type, refobjid: oid })) {
    if (row.classid === ClassOid.type && context.catalog.findTypeByOid(row.objid)?.kind === 'd') {
      uses.push(...columnsOfDomain(context, row.objid));
    }
    if (row.classid !== ClassOid.class || row.objsubid === 0) continue;
    const table = context.catalog.relation(row.objid);
    if (table !== null && 'rm'.includes(table.kind) && table.attributes[row.objsubid - 1]?.type === oid) {
      uses.push({ table, number: row.objsubid });
    }
  }
  return uses;
}
