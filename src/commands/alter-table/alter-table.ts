// ALTER TABLE / INDEX / VIEW / SEQUENCE / MATERIALIZED VIEW / TYPE (attributes): locks the relation, checks what may be done
// to its kind, queues each subcommand for its pass, runs the passes, rewrites and verifies.
import type { AlterTableCmd, AlterTableStmt, AlterTableType } from '@pgsql/types';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import type { LockMode } from '../../transaction/api.js';
import type { CommandContext, CommandResult } from '../api.js';
import { lockRelationByName } from '../namespace.js';
import { changeRelationOwner } from '../owner.js';
import { noticeMissing, requireRelationOwner } from '../permissions.js';
import { kindDetail, kindNoun } from '../relation-kind.js';
import { requireNotInUse } from '../relation-file.js';
import { resolveRole } from '../role-membership.js';
import { nodeOf } from '../tree.js';
import { alterColumnType, checkColumnType } from './column-type.js';
import * as columns from './columns.js';
import * as constraints from './constraints.js';
import * as tableLevel from './table-level.js';
import { rewriteTables, verifyTables } from './rewrite.js';
import { withoutPositions } from '../unplaced.js';
import {
  enqueue,
  newState,
  passes,
  workOf,
  type AlterState,
  type Pass,
  type Subcommand,
  type SubcommandHandler,
} from './work.js';

/** ALTER TABLE and its kin. */
export async function alterTableStatement(statement: AlterTableStmt, context: CommandContext): Promise<CommandResult> {
  const commands = (statement.cmds ?? []).map((node) => nodeOf(node, 'AlterTableCmd'));
  const noun = objectNouns[statement.objtype ?? ''] ?? 'table';
  const done: CommandResult = { kind: 'done', tag: `ALTER ${noun.toUpperCase()}` };
  const lockMode = lockOf(commands);
  const relation = await lockRelationByName(context, statement.relation ?? {}, lockMode, {
    missingOk: statement.missing_ok === true,
  });
  if (relation === null) {
    noticeMissing(context, `relation "${statement.relation?.relname ?? ''}"`);
    return done;
  }
  requireNamedKind(relation, statement.objtype ?? '', noun);
  requireNotInUse(context, relation, done.tag);
  const state = newState(withoutPositions(context), lockMode);
  workOf(state, relation.oid);
  for (const command of commands) {
    prepare(
      { state, relation: relation.oid, command, recurse: statement.relation?.inh === true, recursing: false },
      relation,
    );
  }
  await runPasses(state);
  return done;
}

const objectNouns: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_INDEX: 'index',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_FOREIGN_TABLE: 'foreign table',
  OBJECT_TYPE: 'type',
};

const kindsByObject: Readonly<Record<string, string>> = {
  OBJECT_INDEX: 'iI',
  OBJECT_SEQUENCE: 'S',
  OBJECT_VIEW: 'v',
  OBJECT_MATVIEW: 'm',
  OBJECT_FOREIGN_TABLE: 'f',
  OBJECT_TYPE: 'c',
};

/** ALTER TABLE takes other relations too, as in PostgreSQL; the others only their own kind. */
function requireNamedKind(relation: RelationDescriptor, type: string, noun: string): void {
  const kinds = kindsByObject[type];
  if (kinds === undefined) {
    if (relation.kind === 'c') {
      throw pgError(SqlState.wrongObjectType, `"${relation.name}" is a composite type`, {
        hint: 'Use ALTER TYPE instead.',
      });
    }
    return;
  }
  if (kinds.includes(relation.kind)) return;
  const article = noun === 'index' ? 'an' : 'a';
  throw pgError(
    SqlState.wrongObjectType,
    `"${relation.name}" is not ${article} ${noun === 'type' ? 'composite type' : noun}`,
  );
}

const shareUpdate: readonly AlterTableType[] = [
  'AT_SetStatistics',
  'AT_ClusterOn',
  'AT_DropCluster',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_ValidateConstraint',
];
const shareRow: readonly AlterTableType[] = [
  'AT_EnableTrig',
  'AT_EnableAlwaysTrig',
  'AT_EnableReplicaTrig',
  'AT_EnableTrigAll',
  'AT_EnableTrigUser',
  'AT_DisableTrig',
  'AT_DisableTrigAll',
  'AT_DisableTrigUser',
];

/** The strongest lock that any subcommand needs. */
function lockOf(commands: readonly AlterTableCmd[]): LockMode {
  let lock: LockMode = 'ShareUpdateExclusiveLock';
  for (const command of commands) {
    const subtype = command.subtype as AlterTableType;
    if (shareUpdate.includes(subtype)) continue;
    const isForeignKey =
      subtype === 'AT_AddConstraint' && nodeOf(command.def, 'Constraint').contype === 'CONSTR_FOREIGN';
    if (!shareRow.includes(subtype) && !isForeignKey) return 'AccessExclusiveLock';
    lock = 'ShareRowExclusiveLock';
  }
  return lock;
}

interface Rule {
  /** Relation kinds it can be performed on. */
  readonly kinds: string;
  readonly pass: Pass;
  readonly run: SubcommandHandler;
  readonly words: string;
}
const rule = (words: string, kinds: string, pass: Pass, run: SubcommandHandler): Rule => ({ words, kinds, pass, run });
const unbuilt = (words: string): Rule =>
  rule(words, 'rpvmfciIS', 'misc', () => Promise.reject(notSupported(`ALTER TABLE ... ${words}`)));
const triggers = (words: string, letter: string, which: 'named' | 'all' | 'user'): Rule =>
  rule(words, 'rpf', 'misc', (call) => tableLevel.enableTriggers(call, letter, which));
const rules = (words: string, letter: string): Rule =>
  rule(words, 'rpvm', 'misc', (call) => tableLevel.enableRule(call, letter));

const subcommands = {
  AT_AddColumn: rule('ADD COLUMN', 'rpcf', 'addColumn', columns.addColumn),
  AT_DropColumn: rule('DROP COLUMN', 'rpcf', 'drop', columns.dropColumn),
  AT_ColumnDefault: rule('ALTER COLUMN ... SET DEFAULT', 'rpvf', 'columnAttributes', columns.columnDefault),
  AT_SetNotNull: rule('ALTER COLUMN ... SET NOT NULL', 'rpf', 'columnAttributes', columns.setColumnNotNull),
  AT_DropNotNull: rule('ALTER COLUMN ... DROP NOT NULL', 'rpf', 'drop', columns.dropColumnNotNull),
  AT_SetExpression: rule('ALTER COLUMN ... SET EXPRESSION', 'rpf', 'setExpression', columns.setExpression),
  AT_DropExpression: rule('ALTER COLUMN ... DROP EXPRESSION', 'rpf', 'drop', columns.dropExpression),
  AT_SetStatistics: rule('ALTER COLUMN ... SET STATISTICS', 'rpmiIf', 'misc', columns.setStatistics),
  AT_SetOptions: rule('ALTER COLUMN ... SET', 'rpmf', 'misc', (call) => columns.columnOptions(call, false)),
  AT_ResetOptions: rule('ALTER COLUMN ... RESET', 'rpmf', 'misc', (call) => columns.columnOptions(call, true)),
  AT_SetStorage: rule('ALTER COLUMN ... SET STORAGE', 'rpmf', 'misc', columns.setStorage),
  AT_SetCompression: rule('ALTER COLUMN ... SET COMPRESSION', 'rpm', 'misc', columns.setCompression),
  AT_AddIdentity: rule('ALTER COLUMN ... ADD IDENTITY', 'rpvf', 'columnAttributes', columns.addIdentity),
  AT_SetIdentity: rule('ALTER COLUMN ... SET', 'rpvf', 'columnAttributes', columns.setIdentity),
  AT_DropIdentity: rule('ALTER COLUMN ... DROP IDENTITY', 'rpvf', 'drop', columns.dropIdentity),
  AT_AlterColumnType: rule('ALTER COLUMN ... SET DATA TYPE', 'rpcf', 'alterType', alterColumnType),
  AT_AddConstraint: rule('ADD CONSTRAINT', 'rpf', 'addConstraint', async (call) => constraints.addConstraint(call)),
  AT_AlterConstraint: rule('ALTER CONSTRAINT', 'rp', 'misc', constraints.alterConstraint),
  AT_ValidateConstraint: rule('VALIDATE CONSTRAINT', 'rp', 'misc', constraints.validateConstraint),
  AT_DropConstraint: rule('DROP CONSTRAINT', 'rpf', 'drop', constraints.dropConstraint),
  AT_ChangeOwner: rule('OWNER TO', 'rpvmfciIS', 'misc', changeOwner),
  AT_ClusterOn: rule('CLUSTER ON', 'rpm', 'misc', tableLevel.clusterOn),
  AT_DropCluster: rule('SET WITHOUT CLUSTER', 'rpm', 'misc', tableLevel.clusterOn),
  AT_SetLogged: rule('SET LOGGED', 'rS', 'misc', (call) => tableLevel.setPersistence(call, 'p')),
  AT_SetUnLogged: rule('SET UNLOGGED', 'rS', 'misc', (call) => tableLevel.setPersistence(call, 'u')),
  AT_SetAccessMethod: rule('SET ACCESS METHOD', 'rpm', 'misc', tableLevel.setAccessMethod),
  AT_SetTableSpace: rule('SET TABLESPACE', 'rpmiI', 'misc', tableLevel.setTablespace),
  AT_SetRelOptions: rule('SET', 'rpvmiI', 'misc', (call) => tableLevel.relationOptions(call, false)),
  AT_ResetRelOptions: rule('RESET', 'rpvmiI', 'misc', (call) => tableLevel.relationOptions(call, true)),
  AT_EnableTrig: triggers('ENABLE TRIGGER', 'O', 'named'),
  AT_EnableAlwaysTrig: triggers('ENABLE ALWAYS TRIGGER', 'A', 'named'),
  AT_EnableReplicaTrig: triggers('ENABLE REPLICA TRIGGER', 'R', 'named'),
  AT_DisableTrig: triggers('DISABLE TRIGGER', 'D', 'named'),
  AT_EnableTrigAll: triggers('ENABLE TRIGGER ALL', 'O', 'all'),
  AT_DisableTrigAll: triggers('DISABLE TRIGGER ALL', 'D', 'all'),
  AT_EnableTrigUser: triggers('ENABLE TRIGGER USER', 'O', 'user'),
  AT_DisableTrigUser: triggers('DISABLE TRIGGER USER', 'D', 'user'),
  AT_EnableRule: rules('ENABLE RULE', 'O'),
  AT_EnableAlwaysRule: rules('ENABLE ALWAYS RULE', 'A'),
  AT_EnableReplicaRule: rules('ENABLE REPLICA RULE', 'R'),
  AT_DisableRule: rules('DISABLE RULE', 'D'),
  AT_AddInherit: rule('INHERIT', 'rf', 'misc', tableLevel.addInherit),
  AT_DropInherit: rule('NO INHERIT', 'rf', 'misc', tableLevel.dropInherit),
  AT_AddOf: rule('OF', 'r', 'misc', tableLevel.addOf),
  AT_DropOf: rule('NOT OF', 'r', 'misc', (call) => tableLevel.dropOf(call)),
  AT_ReplicaIdentity: rule('REPLICA IDENTITY', 'rpm', 'misc', tableLevel.replicaIdentity),
  AT_EnableRowSecurity: rule('ENABLE ROW SECURITY', 'rp', 'misc', (call) =>
    tableLevel.rowSecurity(call, { relrowsecurity: true }),
  ),
  AT_DisableRowSecurity: rule('DISABLE ROW SECURITY', 'rp', 'misc', (call) =>
    tableLevel.rowSecurity(call, { relrowsecurity: false }),
  ),
  AT_ForceRowSecurity: rule('FORCE ROW SECURITY', 'rp', 'misc', (call) =>
    tableLevel.rowSecurity(call, { relforcerowsecurity: true }),
  ),
  AT_NoForceRowSecurity: rule('NO FORCE ROW SECURITY', 'rp', 'misc', (call) =>
    tableLevel.rowSecurity(call, { relforcerowsecurity: false }),
  ),
  AT_DropOids: rule('SET WITHOUT OIDS', 'rp', 'drop', async () => undefined),
  AT_GenericOptions: unbuilt('OPTIONS'),
  AT_AttachPartition: unbuilt('ATTACH PARTITION'),
  AT_DetachPartition: unbuilt('DETACH PARTITION'),
  AT_DetachPartitionFinalize: unbuilt('DETACH PARTITION ... FINALIZE'),
} as const satisfies { readonly [K in AlterTableType]?: Rule };

async function changeOwner(call: Subcommand): Promise<void> {
  const { context } = call.state;
  await changeRelationOwner(context, call.relation, resolveRole(context, call.command.newowner));
}

function prepare(call: Subcommand, relation: RelationDescriptor): void {
  const { state, command } = call;
  const found = (subcommands as Readonly<Record<string, Rule>>)[command.subtype ?? ''];
  if (found === undefined) throw notSupported(`ALTER TABLE ${command.subtype ?? ''}`);
  requireRelationOwner(state.context, relation);
  const columnWords =
    command.subtype === 'AT_ColumnDefault' && command.def === undefined ? 'ALTER COLUMN ... DROP DEFAULT' : found.words;
  if (!found.kinds.includes(relation.kind) || (relation.kind === 'c' && command.subtype === 'AT_ChangeOwner')) {
    throw pgError(
      SqlState.wrongObjectType,
      `ALTER action ${relation.kind === 'c' ? columnWords.replace('COLUMN', 'ATTRIBUTE') : columnWords} cannot be performed on relation "${relation.name}"`,
      { detail: kindDetail(relation.kind) },
    );
  }
  if (command.subtype === 'AT_AlterColumnType') checkColumnType(call);
  // Constraints choose their pass by kind; the pass of a dropped default is the earlier one.
  if (command.subtype === 'AT_AddConstraint') constraints.addConstraint(call);
  else
    enqueue(state, command.subtype === 'AT_ColumnDefault' && command.def === undefined ? 'drop' : found.pass, () =>
      found.run(call),
    );
}

const passesBeforeRewrite: readonly Pass[] = ['drop', 'alterType', 'addColumn', 'setExpression'];

async function runPasses(state: AlterState): Promise<void> {
  for (const pass of passesBeforeRewrite) await runPass(state, pass);
  await rewriteTables(state);
  for (const pass of passes) {
    if (!passesBeforeRewrite.includes(pass)) await runPass(state, pass);
  }
  await rewriteLate(state);
  await verifyTables(state);
}

/** A subcommand of a late pass (SET UNLOGGED) may ask for a rewrite of its own. */
async function rewriteLate(state: AlterState): Promise<void> {
  for (const work of state.works.values()) {
    if (!work.needsRewrite || work.isRewritten) continue;
    await rewriteTables(state);
    return;
  }
}

async function runPass(state: AlterState, pass: Pass): Promise<void> {
  const actions = state.queue.get(pass) ?? [];
  // Actions may queue others for later passes, never for this one or an earlier one.
  for (const action of actions) {
    await action();
    state.context.transaction.advanceCommand();
  }
}

/** The noun that ALTER's tag has for a relation. */
export function alterTag(relation: RelationDescriptor): string {
  return `ALTER ${kindNoun(relation).toUpperCase()}`;
}
