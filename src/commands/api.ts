// A command's handler and what it may use. `dispatch.ts` maps each parse-tree tag to its handler with
// `satisfies Record<..., CommandHandler>`. Handlers live in commands/<noun>.ts.
import type { Awaitable } from '../base/awaitable.js';
import type { ExecuteStmt, Node, TypeName } from '@pgsql/types';
import type { Catalog } from '../catalog/api.js';
import type { FunctionDescriptor } from '../catalog/descriptors.js';
import type { Execution, ExecutionContext, ResultColumn } from '../executor/api.js';
import type { Notice } from '../errors/pg-error.js';
import type { SessionServices } from '../functions/call-info.js';
import type { Store } from '../storage/api.js';
import type { Transaction } from '../transaction/api.js';
import type { Expression } from '../trees/expression.js';
import type { PlannedStatement } from '../trees/plan.js';
import type { Query } from '../trees/query.js';
import type { BoundStatement } from '../trees/statement.js';
import type { Row, Value } from '../types/value.js';

export interface CommandContext {
  readonly catalog: Catalog;
  readonly store: Store;
  readonly transaction: Transaction;
  readonly session: SessionServices;
  /** Current (effective) and session user oids. */
  readonly userId: number;
  readonly sessionUserId: number;
  readonly isSuperuser: boolean;
  readonly parameters: readonly { readonly type: number; readonly value: Value }[];
  /** The statement's own source text (its slice of the query string) and all of it. */
  readonly sourceText: string;
  /** True outside BEGIN ... COMMIT, functions and multi-statement strings: VACUUM, CREATE DATABASE demand it. */
  readonly isTopLevel: boolean;
  /** A procedure called here, or DO, may not end the transaction. */
  readonly isAtomic: boolean;
  /** The command is one that a function runs. */
  readonly isInFunction: boolean;
  /** The command's transaction ends with it: what follows in a pipeline begins another. */
  commitAlone(): void;
  notice(notice: Notice): void;
  readonly corridor: Corridor;
}

/** The rooms before and after, as commands may use them; filled by the session. */
export interface Corridor {
  /** Parses and analyzes SQL text made by ourselves (never by concatenating user text without quoting). */
  analyzeSql(sql: string, parameterTypes: readonly number[]): BoundStatement[];
  analyzeStatement(statement: Node, sourceText: string, parameterTypes: readonly number[]): BoundStatement;
  /** Binds a DDL expression: see ExpressionScope for what it may refer to. Coerces to `target` where given. */
  analyzeExpression(expression: Node, scope: ExpressionScope, sourceText: string): Expression;
  /** Resolves a type name with its modifiers and array bounds; throws 42704 with its position. */
  resolveTypeName(typeName: TypeName): { readonly type: number; readonly typmod: number };
  /** A function that an aggregate is made of, by the rules of calls; throws 42883, 42804. */
  supportFunction(
    names: readonly string[],
    argTypes: readonly number[],
  ): { readonly fn: FunctionDescriptor; readonly resultType: number };
  /** Parses SQL text (a function's body) into its statements. */
  parseSql(sql: string): readonly Node[];
  /** Binds one statement of a SQL function's body: $n and the arguments' names stand for its arguments. */
  analyzeInFunction(statement: Node, sourceText: string, fn: FunctionScope): BoundStatement;
  /** The last query of a SQL function with its columns as the function declares them; throws 42P13 where they don't fit. */
  fitFunctionResult(
    query: Query,
    declared: {
      readonly type: number;
      readonly outColumns: readonly { readonly type: number; readonly typmod: number }[];
    },
  ): Query;
  rewrite(query: Query): readonly Query[];
  /** Locks the relations of a bound query before it is planned. True where that took a wait and the catalogs moved: then
   *  it must be bound again. */
  lock(query: Query): Awaitable<boolean>;
  /** For any parameter values, or for the given ones. */
  plan(query: Query, parameters?: readonly { readonly type: number; readonly value: Value }[]): PlannedStatement;
  /** Without looking at any index: the one being built is not filled yet. */
  planWithoutIndexes(query: Query): PlannedStatement;
  /** Opens a planned statement in the current transaction with a new statement view. */
  open(
    planned: PlannedStatement,
    parameters?: readonly { readonly type: number; readonly value: Value }[],
    instrument?: boolean,
  ): Execution;
  executionContext(): ExecutionContext;
  /** The prepared query that EXECUTE names, with its plan for the arguments given. Throws as EXECUTE does; 42809 where
   *  the prepared statement is no query. */
  executed(statement: ExecuteStmt): Promise<ExecutedQuery>;
  /** Runs SQL text of our own to its end and returns the rows of its last statement. */
  runSql(sql: string): Promise<readonly Row[]>;
  /** Runs a command's parse tree as a part of this one (CREATE SCHEMA's elements, serial's sequence). */
  runCommand(statement: Node): Promise<void>;
  evaluate(expression: Expression): Promise<Value>;
  /** Prints a bound expression or query as pg_get_expr / pg_get_viewdef do. */
  deparseExpression(expression: Expression, relation: number): string;
}

/** EXECUTE's query within another command. */
export interface ExecutedQuery {
  /** As bound, before the rewriter. */
  readonly query: Query;
  readonly planned: PlannedStatement;
  readonly parameters: readonly { readonly type: number; readonly value: Value }[];
}

/** The function whose body is bound: its name and input arguments. */
export interface FunctionScope {
  readonly name: string;
  readonly argNames: readonly string[];
  readonly argTypes: readonly number[];
}

/** Where a DDL expression stands: decides which names it may use and which nodes are errors (42P10, 0A000 texts such as
 *  "cannot use subquery in check constraint"). */
export interface ExpressionScope {
  readonly use:
    | 'columnDefault'
    | 'generatedColumn'
    | 'checkConstraint'
    | 'domainCheck'
    | 'indexExpression'
    | 'indexPredicate'
    | 'alterColumnUsing'
    | 'functionDefault'
    | 'copyWhere'
    | 'executeParameter'
    | 'callArgument'
    | 'triggerWhen'
    | 'policy'
    | 'setValue';
  /** Table whose columns are visible (varno 1), 0 for none. */
  readonly relation: number;
  /** Column definitions instead of a relation, while it is being created. */
  readonly columns?: readonly {
    readonly name: string;
    readonly type: number;
    readonly typmod: number;
    readonly collation: number;
  }[];
  /** domainCheck: type of VALUE. */
  readonly valueType?: { readonly type: number; readonly typmod: number; readonly collation: number };
  readonly target?: {
    readonly type: number;
    readonly typmod: number;
    readonly collation: number;
    readonly columnName: string;
  };
}

export type CommandResult =
  | { readonly kind: 'done'; readonly tag: string }
  /** EXPLAIN, SHOW, EXECUTE, FETCH, CALL: rows for the client, then the tag. */
  | {
      readonly kind: 'rows';
      readonly columns: readonly ResultColumn[];
      readonly rows: AsyncIterable<readonly Row[]>;
      tag(rowCount: number): string;
    };

export type CommandHandler = (statement: Node, context: CommandContext) => Promise<CommandResult>;
