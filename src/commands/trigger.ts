// CREATE TRIGGER: the pg_trigger row, its constraint where it is a constraint trigger, its dependencies.
import type { CreateTrigStmt } from '@pgsql/types';
import { aclBit } from '../catalog/acl-text.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { treeToJson } from '../trees/json.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { columnAddresses, forgetDependencies, recordDependencies, recordDependency } from './depend.js';
import { recordExpressionDependencies } from './expression-dependencies.js';
import { insertConstraint } from './constraint-row.js';
import { markHasTriggers } from './foreign-key.js';
import { lockRelationByName } from './namespace.js';
import { hasRelationPrivilege, permissionDenied, requireFunctionExecute, wrongKind } from './permissions.js';
import { kindNoun } from './relation-kind.js';
import { checkWhen, transitionNames, type TransitionNames, triggerBit } from './trigger-checks.js';
import { nameText, qualifiedName, stringList, stringOf } from './tree.js';

const rowLevel = 1;
const insteadOf = triggerBit.instead;

/** CREATE TRIGGER, CREATE CONSTRAINT TRIGGER. */
export async function createTriggerStatement(
  statement: CreateTrigStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const relation = await lockRelationByName(context, statement.relation ?? {}, 'ShareRowExclusiveLock');
  if (relation === null) throw new Error('invariant broken: CREATE TRIGGER without a relation');
  checkKind(relation, statement);
  if (!hasRelationPrivilege(context, relation, aclBit.trigger))
    throw permissionDenied(`${kindNoun(relation)} ${relation.name}`);
  const transitions = transitionNames(context, statement, relation);
  const qual = statement.whenClause ? bindWhen(context, relation, statement) : null;
  if (qual !== null) checkWhen(statement, relation, qual);
  const fn = triggerFunction(context, stringList(statement.funcname));
  const type = (statement.row ? rowLevel : 0) | (statement.timing ?? 0) | (statement.events ?? 0);
  const columns = updateColumns(relation, stringList(statement.columns));
  await storeTrigger(context, relation, statement, { fn, type, columns, qual, transitions });
  return { kind: 'done', tag: 'CREATE TRIGGER' };
}

function checkKind(relation: RelationDescriptor, statement: CreateTrigStmt): void {
  const timing = statement.timing ?? 0;
  const refuse = (detail: string): Error =>
    pgError(SqlState.wrongObjectType, `"${relation.name}" is a ${kindNoun(relation)}`, { detail });
  if (relation.kind === 'r') {
    if (timing === insteadOf) throw refuse('Tables cannot have INSTEAD OF triggers.');
  } else if (relation.kind === 'v') {
    if (timing !== insteadOf && statement.row) throw refuse('Views cannot have row-level BEFORE or AFTER triggers.');
    if ((statement.events ?? 0) & triggerBit.truncate) throw refuse('Views cannot have TRUNCATE triggers.');
  } else if (relation.kind === 'p') throw notSupported('trigger on a partitioned table');
  else throw wrongKind(`relation "${relation.name}" cannot have triggers`, relation);
  if ((statement.events ?? 0) & triggerBit.truncate && statement.row) {
    throw pgError(SqlState.featureNotSupported, 'TRUNCATE FOR EACH ROW triggers are not supported');
  }
  if (timing !== insteadOf) return;
  if (!statement.row) throw pgError(SqlState.featureNotSupported, 'INSTEAD OF triggers must be FOR EACH ROW');
  if (statement.whenClause)
    throw pgError(SqlState.featureNotSupported, 'INSTEAD OF triggers cannot have WHEN conditions');
  if (statement.columns?.length)
    throw pgError(SqlState.featureNotSupported, 'INSTEAD OF triggers cannot have column lists');
}

function triggerFunction(context: CommandContext, parts: readonly string[]): number {
  const name = qualifiedName(parts);
  const found = context.catalog.functionsNamed(name.schema, name.name).find((fn) => fn.argTypes.length === 0);
  if (found === undefined) throw pgError(SqlState.undefinedFunction, `function ${nameText(name)}() does not exist`);
  requireFunctionExecute(context, found.oid);
  if (found.returnType !== TypeOid.trigger) {
    throw pgError(SqlState.invalidObjectDefinition, `function ${nameText(name)} must return type trigger`);
  }
  return found.oid;
}

function updateColumns(relation: RelationDescriptor, names: readonly string[]): number[] {
  return names.map((name, index) => {
    const column = relation.attributes.find((attribute) => attribute.name === name && !attribute.isDropped);
    if (column === undefined) {
      throw pgError(SqlState.undefinedColumn, `column "${name}" of relation "${relation.name}" does not exist`);
    }
    if (names.indexOf(name) < index)
      throw pgError(SqlState.duplicateColumn, `column "${name}" specified more than once`);
    return column.number;
  });
}

function bindWhen(context: CommandContext, relation: RelationDescriptor, statement: CreateTrigStmt): Expression {
  const target = { type: TypeOid.bool, typmod: -1, collation: 0, columnName: '' };
  if (!statement.whenClause) throw new Error('invariant broken: WHEN without a condition');
  return context.corridor.analyzeExpression(
    statement.whenClause,
    { use: 'triggerWhen', relation: relation.oid, target },
    context.sourceText,
  );
}

interface TriggerParts {
  readonly fn: number;
  readonly type: number;
  readonly columns: readonly number[];
  readonly qual: Expression | null;
  readonly transitions: TransitionNames;
}

async function storeTrigger(
  context: CommandContext,
  relation: RelationDescriptor,
  statement: CreateTrigStmt,
  parts: TriggerParts,
): Promise<void> {
  const { tables } = context.catalog;
  const name = statement.trigname ?? '';
  const existing = tables.findOne('pg_trigger', { tgrelid: relation.oid, tgname: name });
  if (existing !== null && !statement.replace) {
    throw pgError(SqlState.duplicateObject, `trigger "${name}" for relation "${relation.name}" already exists`);
  }
  if (existing !== null && (existing.row.tgisinternal || existing.row.tgconstraint !== 0 || statement.isconstraint)) {
    throw pgError(
      SqlState.duplicateObject,
      `trigger "${name}" for relation "${relation.name}" is ${existing.row.tgisinternal ? 'an internal or a child trigger' : 'a constraint trigger'}`,
    );
  }
  const constraint = statement.isconstraint ? await storeConstraint(context, relation, statement) : 0;
  const other = statement.constrrel ? await lockRelationByName(context, statement.constrrel, 'AccessShareLock') : null;
  const args = (statement.args ?? []).map(stringOf);
  const row = {
    tgrelid: relation.oid,
    tgparentid: 0,
    tgname: name,
    tgfoid: parts.fn,
    tgtype: parts.type,
    tgenabled: 'O',
    tgisinternal: false,
    tgconstrrelid: other?.oid ?? 0,
    tgconstrindid: 0,
    tgconstraint: constraint,
    tgdeferrable: statement.deferrable === true,
    tginitdeferred: statement.initdeferred === true,
    tgnargs: args.length,
    tgattr: parts.columns,
    tgargs: Buffer.from(args.map((arg) => `${arg}\0`).join('')),
    tgqual: parts.qual === null ? null : treeToJson(parts.qual),
    tgoldtable: parts.transitions.oldTable,
    tgnewtable: parts.transitions.newTable,
  };
  const oid = existing?.row.oid ?? tables.newOid('pg_trigger');
  if (existing !== null) {
    await forgetDependencies(context, objectAddress(ClassOid.trigger, oid));
    await tables.update(context.transaction, 'pg_trigger', existing, row);
  } else await tables.insert(context.transaction, 'pg_trigger', { oid, ...row });
  await recordTrigger(context, oid, relation, { ...parts, constraint, other: other?.oid ?? 0 });
  await markHasTriggers(context, relation.oid);
}

async function storeConstraint(
  context: CommandContext,
  relation: RelationDescriptor,
  statement: CreateTrigStmt,
): Promise<number> {
  return insertConstraint(context, {
    name: statement.trigname ?? '',
    schema: relation.schema,
    kind: 't',
    relation: relation.oid,
    deferrable: statement.deferrable === true,
    initiallyDeferred: statement.initdeferred === true,
    noInherit: true,
  });
}

async function recordTrigger(
  context: CommandContext,
  oid: number,
  relation: RelationDescriptor,
  parts: TriggerParts & { readonly constraint: number; readonly other: number },
): Promise<void> {
  const address = objectAddress(ClassOid.trigger, oid);
  await recordDependency(context, address, objectAddress(ClassOid.proc, parts.fn), 'n');
  await recordDependency(context, address, objectAddress(ClassOid.class, relation.oid), 'a');
  if (parts.other !== 0) await recordDependency(context, address, objectAddress(ClassOid.class, parts.other), 'a');
  if (parts.constraint !== 0)
    await recordDependency(context, objectAddress(ClassOid.constraint, parts.constraint), address, 'i');
  if (parts.columns.length > 0)
    await recordDependencies(context, address, columnAddresses(relation.oid, parts.columns), 'n');
  if (parts.qual !== null) {
    await recordExpressionDependencies(context, address, parts.qual, {
      relation: relation.oid,
      type: 'n',
      selfType: 'n',
    });
  }
}
