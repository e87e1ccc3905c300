// What the analyzer makes of one parse tree: a query for the planner, or a command. This is the corridor's only fork.
import type { Node, RawStmt } from '@pgsql/types';
import type { Expression } from './expression.js';
import type { Query } from './query.js';

export type BoundStatement = BoundQuery | BoundCommand;

export interface BoundQuery {
  readonly kind: 'query';
  readonly query: Query;
}

/** Everything that is not planned as a whole: DDL, SET, transactions, COPY, EXPLAIN, ... Like PostgreSQL's utility
 *  statements it keeps its parse tree; its handler in `commands/` analyzes the parts that need it when it runs. */
export interface BoundCommand {
  readonly kind: 'command';
  /** Node tag of the parse tree: CreateStmt, VariableSetStmt, ... */
  readonly tag: CommandTag;
  readonly statement: Node;
  /** EXPLAIN, CREATE TABLE AS, DECLARE CURSOR: the query inside, already bound (parameter types are inferred there). */
  readonly query: Query | null;
  /** CALL: the procedure and its bound arguments. */
  readonly call?: BoundCall;
}

export interface BoundCall {
  readonly function: number;
  /** Input arguments in declared order. */
  readonly args: readonly Expression[];
  /** OUT and INOUT parameters: what stands in their place. */
  readonly outputs: readonly { readonly name: string; readonly type: number; readonly expression: Expression }[];
  readonly resultType: number;
  readonly collation: number;
}

export type CommandTag = string;

export type { Node, RawStmt };
