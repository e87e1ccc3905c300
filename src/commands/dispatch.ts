// Maps each command's parse-tree tag to its handler. Every tag of the grammar that is no query and not the session's own
// stands here: what is not built names its feature in 0A000. The compiler lists what is missing.
import type { Node } from '@pgsql/types';
import { notSupported } from '../errors/pg-error.js';
import type { Query } from '../trees/query.js';
import type { BoundCommand } from '../trees/statement.js';
import type { CommandContext, CommandResult } from './api.js';
import { commentStatement } from './comment.js';
import { createIndexStatement } from './create-index.js';
import { createTableStatement } from './create-table.js';
import { createTableAsStatement, refreshStatement } from './create-table-as.js';
import { dropStatement } from './drop.js';
import { lockStatement } from './lock.js';
import { createSchemaStatement } from './schema.js';
import { alterSequenceStatement, createSequenceStatement } from './sequence.js';
import { alterStatisticsStatement, createStatisticsStatement } from './statistics.js';
import { nodeTag, type NodeBody, type NodeTag } from './tree.js';
import { truncateStatement } from './truncate.js';
import { viewStatement } from './view.js';

type Handler<K extends NodeTag> = (
  statement: NodeBody<K>,
  context: CommandContext,
  query: Query | null,
) => Promise<CommandResult>;

type QueryTag = 'InsertStmt' | 'DeleteStmt' | 'UpdateStmt' | 'MergeStmt' | 'SelectStmt' | 'ReturnStmt' | 'PLAssignStmt' | 'RawStmt' | 'SetOperationStmt';
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
  | 'LoadStmt';
type StatementTag = Extract<NodeTag, `${string}Stmt`>;
/** Parts of statements whose names end like statements. */
type PartTag = 'ReplicaIdentityStmt';
type CommandTag = Exclude<StatementTag, QueryTag | SessionTag | PartTag>;

function unbuilt(feature: string): () => Promise<CommandResult> {
  return () => Promise.reject(notSupported(feature));
}

const handlers = {
  CommentStmt: commentStatement,
  CreateSchemaStmt: createSchemaStatement,
  CreateSeqStmt: createSequenceStatement,
  AlterSeqStmt: alterSequenceStatement,
  CreateStatsStmt: createStatisticsStatement,
  AlterStatsStmt: alterStatisticsStatement,
  CreateStmt: createTableStatement,
  CreateTableAsStmt: createTableAsStatement,
  DropStmt: dropStatement,
  IndexStmt: createIndexStatement,
  LockStmt: lockStatement,
  RefreshMatViewStmt: refreshStatement,
  TruncateStmt: truncateStatement,
  ViewStmt: viewStatement,
} as const satisfies { readonly [K in CommandTag]?: Handler<K> };

/** Runs a bound command. Throws what its handler throws; 0A000 for what is not built. */
export async function runCommand(bound: BoundCommand, context: CommandContext): Promise<CommandResult> {
  const tag = nodeTag(bound.statement);
  const handler = (handlers as Readonly<Record<string, Handler<never>>>)[tag] ?? unbuilt(tag);
  requireWritable(tag, context);
  const body = (bound.statement as Readonly<Record<string, unknown>>)[tag];
  return handler(body as never, context, bound.query);
}

const readOnlyTags: readonly string[] = ['ExplainStmt', 'CopyStmt', 'LockStmt', 'CallStmt', 'DoStmt', 'VacuumStmt', 'CheckPointStmt'];

function requireWritable(tag: string, context: CommandContext): void {
  if (!readOnlyTags.includes(tag)) context.transaction.requireWritable(commandName(tag));
}

/** The command as 25006 names it. */
function commandName(tag: string): string {
  const words = tag.replace(/Stmt$/, '').replace(/([a-z])([A-Z])/g, '$1 $2');
  return words.toUpperCase();
}

export type { Node };
