// Maps each command's parse-tree tag to its handler. Every tag of the grammar that is no query and not the session's own
// stands here: what is not built names its feature in 0A000. The compiler lists what is missing.
import { notSupported } from '../errors/pg-error.js';
import type { Query } from '../trees/query.js';
import type { BoundCommand } from '../trees/statement.js';
import type { CommandContext, CommandResult } from './api.js';
import { vacuumStatement } from './analyze.js';
import { alterFunctionStatement } from './alter-function.js';
import { alterTableStatement } from './alter-table/alter-table.js';
import { callStatement, doStatement } from './call.js';
import { createCastStatement } from './cast.js';
import { alterCollationStatement } from './collation.js';
import { commandName } from './command-name.js';
import { commentStatement } from './comment.js';
import { copyStatement } from './copy/copy.js';
import { createIndexStatement } from './create-index.js';
import { createTableStatement } from './create-table.js';
import { createTableAsStatement, refreshStatement } from './create-table-as.js';
import {
  alterDatabaseStatement,
  createDatabaseStatement,
  dropDatabaseStatement,
  refreshDatabaseCollation,
} from './database.js';
import { alterDefaultPrivilegesStatement } from './default-privileges.js';
import { defineStatement } from './define.js';
import { alterDomainStatement, createDomainStatement } from './domain.js';
import { dropStatement } from './drop.js';
import { alterEnumStatement } from './enum.js';
import { explainStatement } from './explain.js';
import { createExtensionStatement, securityLabelStatement } from './extension.js';
import { createFunctionStatement } from './function.js';
import { grantStatement } from './grant.js';
import { lockStatement } from './lock.js';
import { alterOperatorStatement } from './operator.js';
import { dropOwnedStatement, reassignOwnedStatement } from './owned.js';
import { alterOwnerStatement } from './owner.js';
import { clusterStatement } from './cluster.js';
import { reindexStatement } from './reindex.js';
import { createRangeStatement } from './range-type.js';
import { renameStatement } from './rename.js';
import { alterRoleStatement, createRoleStatement, dropRoleStatement } from './role.js';
import { grantRoleStatement } from './role-grant.js';
import { alterDatabaseSetStatement, alterRoleSetStatement } from './role-settings.js';
import { createSchemaStatement } from './schema.js';
import { alterSequenceStatement, createSequenceStatement } from './sequence.js';
import { setSchemaStatement } from './set-schema.js';
import { alterStatisticsStatement, createStatisticsStatement } from './statistics.js';
import { nodeTag, type NodeBody, type NodeTag } from './tree.js';
import { alterObjectDependsStatement } from './depends-on-extension.js';
import { createTriggerStatement } from './trigger.js';
import { truncateStatement } from './truncate.js';
import { alterTypeStatement, compositeTypeStatement, createEnumStatement } from './type.js';
import { viewStatement } from './view.js';

type Handler<K extends NodeTag> = (
  statement: NodeBody<K>,
  context: CommandContext,
  query: Query | null,
) => Promise<CommandResult>;

type QueryTag =
  | 'InsertStmt'
  | 'DeleteStmt'
  | 'UpdateStmt'
  | 'MergeStmt'
  | 'SelectStmt'
  | 'ReturnStmt'
  | 'PLAssignStmt'
  | 'RawStmt'
  | 'SetOperationStmt';
type SessionTag =
  | 'TransactionStmt'
  | 'VariableSetStmt'
  | 'VariableShowStmt'
  | 'ConstraintsSetStmt'
  | 'PrepareStmt'
  | 'ExecuteStmt'
  | 'DeallocateStmt'
  | 'DeclareCursorStmt'
  | 'FetchStmt'
  | 'ClosePortalStmt'
  | 'DiscardStmt'
  | 'ListenStmt'
  | 'NotifyStmt'
  | 'UnlistenStmt'
  | 'CheckPointStmt'
  | 'LoadStmt'
  | 'AlterSystemStmt';
type StatementTag = Extract<NodeTag, `${string}Stmt`>;
/** Parts of statements whose names end like statements. */
type PartTag = 'ReplicaIdentityStmt';
type CommandTag = Exclude<StatementTag, QueryTag | SessionTag | PartTag>;

function unbuilt(feature: string): () => Promise<CommandResult> {
  return () => Promise.reject(notSupported(feature));
}

const handlers = {
  AlterCollationStmt: alterCollationStatement,
  AlterDatabaseRefreshCollStmt: refreshDatabaseCollation,
  AlterDatabaseSetStmt: alterDatabaseSetStatement,
  AlterDatabaseStmt: alterDatabaseStatement,
  AlterDefaultPrivilegesStmt: alterDefaultPrivilegesStatement,
  AlterDomainStmt: alterDomainStatement,
  AlterEnumStmt: alterEnumStatement,
  AlterEventTrigStmt: unbuilt('ALTER EVENT TRIGGER'),
  AlterExtensionContentsStmt: unbuilt('ALTER EXTENSION ... ADD/DROP'),
  AlterExtensionStmt: unbuilt('ALTER EXTENSION'),
  AlterFdwStmt: unbuilt('ALTER FOREIGN DATA WRAPPER'),
  AlterForeignServerStmt: unbuilt('ALTER SERVER'),
  AlterFunctionStmt: alterFunctionStatement,
  AlterObjectDependsStmt: alterObjectDependsStatement,
  AlterObjectSchemaStmt: setSchemaStatement,
  AlterOpFamilyStmt: unbuilt('ALTER OPERATOR FAMILY'),
  AlterOperatorStmt: alterOperatorStatement,
  AlterOwnerStmt: alterOwnerStatement,
  AlterPolicyStmt: unbuilt('ALTER POLICY'),
  AlterPublicationStmt: unbuilt('ALTER PUBLICATION'),
  AlterRoleSetStmt: alterRoleSetStatement,
  AlterRoleStmt: alterRoleStatement,
  AlterSeqStmt: alterSequenceStatement,
  AlterStatsStmt: alterStatisticsStatement,
  AlterSubscriptionStmt: unbuilt('ALTER SUBSCRIPTION'),
  AlterTableMoveAllStmt: unbuilt('ALTER ... ALL IN TABLESPACE'),
  AlterTableSpaceOptionsStmt: unbuilt('ALTER TABLESPACE'),
  AlterTableStmt: alterTableStatement,
  AlterTSConfigurationStmt: unbuilt('ALTER TEXT SEARCH CONFIGURATION'),
  AlterTSDictionaryStmt: unbuilt('ALTER TEXT SEARCH DICTIONARY'),
  AlterTypeStmt: alterTypeStatement,
  AlterUserMappingStmt: unbuilt('ALTER USER MAPPING'),
  CallStmt: () => Promise.reject(new Error('invariant broken: CALL is bound before it runs')),
  ClusterStmt: clusterStatement,
  CommentStmt: commentStatement,
  CompositeTypeStmt: compositeTypeStatement,
  CopyStmt: copyStatement,
  CreateAmStmt: unbuilt('CREATE ACCESS METHOD'),
  CreateCastStmt: createCastStatement,
  CreateConversionStmt: unbuilt('CREATE CONVERSION'),
  CreateDomainStmt: createDomainStatement,
  CreateEnumStmt: createEnumStatement,
  CreateEventTrigStmt: unbuilt('CREATE EVENT TRIGGER'),
  CreateExtensionStmt: createExtensionStatement,
  CreateFdwStmt: unbuilt('CREATE FOREIGN DATA WRAPPER'),
  CreateForeignServerStmt: unbuilt('CREATE SERVER'),
  CreateForeignTableStmt: unbuilt('CREATE FOREIGN TABLE'),
  CreateFunctionStmt: createFunctionStatement,
  CreateOpClassStmt: unbuilt('CREATE OPERATOR CLASS'),
  CreateOpFamilyStmt: unbuilt('CREATE OPERATOR FAMILY'),
  CreatePLangStmt: unbuilt('CREATE LANGUAGE'),
  CreatePolicyStmt: unbuilt('CREATE POLICY'),
  CreatePublicationStmt: unbuilt('CREATE PUBLICATION'),
  CreateRangeStmt: createRangeStatement,
  CreateRoleStmt: createRoleStatement,
  CreateSchemaStmt: createSchemaStatement,
  CreateSeqStmt: createSequenceStatement,
  CreateStatsStmt: createStatisticsStatement,
  CreateStmt: createTableStatement,
  CreateSubscriptionStmt: unbuilt('CREATE SUBSCRIPTION'),
  CreateTableAsStmt: (statement, context, query) => createTableAsStatement(statement, context, query),
  CreateTableSpaceStmt: unbuilt('CREATE TABLESPACE'),
  CreateTransformStmt: unbuilt('CREATE TRANSFORM'),
  CreateTrigStmt: createTriggerStatement,
  CreateUserMappingStmt: unbuilt('CREATE USER MAPPING'),
  CreatedbStmt: createDatabaseStatement,
  DefineStmt: defineStatement,
  DoStmt: doStatement,
  DropOwnedStmt: dropOwnedStatement,
  DropRoleStmt: dropRoleStatement,
  DropStmt: dropStatement,
  DropSubscriptionStmt: unbuilt('DROP SUBSCRIPTION'),
  DropTableSpaceStmt: unbuilt('DROP TABLESPACE'),
  DropUserMappingStmt: unbuilt('DROP USER MAPPING'),
  DropdbStmt: dropDatabaseStatement,
  ExplainStmt: explainStatement,
  GrantRoleStmt: grantRoleStatement,
  GrantStmt: grantStatement,
  ImportForeignSchemaStmt: unbuilt('IMPORT FOREIGN SCHEMA'),
  IndexStmt: createIndexStatement,
  LockStmt: lockStatement,
  ReassignOwnedStmt: reassignOwnedStatement,
  RefreshMatViewStmt: refreshStatement,
  ReindexStmt: reindexStatement,
  RenameStmt: renameStatement,
  RuleStmt: unbuilt('CREATE RULE'),
  SecLabelStmt: securityLabelStatement,
  TruncateStmt: truncateStatement,
  VacuumStmt: vacuumStatement,
  ViewStmt: viewStatement,
} as const satisfies { readonly [K in CommandTag]: Handler<K> };

/** Runs a bound command. Throws what its handler throws; 0A000 for what is not built. */
export async function runCommand(bound: BoundCommand, context: CommandContext): Promise<CommandResult> {
  const tag = nodeTag(bound.statement);
  const handler = (handlers as Readonly<Record<string, Handler<never>>>)[tag] ?? unbuilt(tag);
  const body = (bound.statement as Readonly<Record<string, unknown>>)[tag];
  if (!readOnlyTags.includes(tag)) context.transaction.requireWritable(commandName(tag, body));
  if (bound.call !== undefined) return callStatement(bound.call, context);
  return handler(body as never, context, bound.query);
}

const readOnlyTags: readonly string[] = [
  'ExplainStmt',
  'CopyStmt',
  'LockStmt',
  'CallStmt',
  'DoStmt',
  'VacuumStmt',
  'ClusterStmt',
  'ReindexStmt',
  'CheckPointStmt',
];
