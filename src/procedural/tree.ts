// A PL/pgSQL function after its parse: variables (datums) by number, statements that refer to them. Built by the parser,
// read by the compiler; frozen once built.
import type { Scope } from './scope.js';

/** A type as it was declared. */
export interface TypeUse {
  readonly oid: number;
  readonly typmod: number;
  readonly collation: number;
}

export type Datum = Variable | RecordVariable | RecordField | TargetList;

/** What a declaration says of any variable. */
interface Declared {
  readonly number: number;
  readonly name: string;
  readonly line: number;
  readonly type: TypeUse;
  readonly notNull: boolean;
  constant: boolean;
  readonly initial: SqlText | null;
}

/** One value. */
export interface Variable extends Declared {
  readonly kind: 'variable';
  /** Bound cursors: their query and the variables that hold their arguments. */
  readonly cursor: BoundCursor | null;
}

export interface BoundCursor {
  readonly query: SqlText;
  readonly scroll: boolean | null;
  /** Variables of the declared arguments; null where none are declared. */
  readonly args: TargetList | null;
}

/** A row: of a composite type, or of any shape (type record). */
export interface RecordVariable extends Declared {
  readonly kind: 'record';
}

/** A field of a record variable: its value is looked up whenever it is read. */
export interface RecordField {
  readonly kind: 'field';
  readonly number: number;
  readonly name: string;
  readonly record: number;
}

/** Several variables that take a row together: INTO a, b and OUT parameters. */
export interface TargetList {
  readonly kind: 'list';
  readonly number: number;
  readonly name: string;
  readonly line: number;
  readonly names: readonly string[];
  readonly members: readonly number[];
}

/** A piece of SQL in a function: an expression, the source of an assignment, or a whole statement. */
export interface SqlText {
  /** As error messages show it. */
  readonly text: string;
  readonly use: 'expression' | 'assignment' | 'statement';
  /** Assignments: where the assigned expression starts in `text`; else 0. UTF-16 index. */
  readonly sourceAt: number;
  /** Assignments: variable assigned to and what it is written as. */
  readonly target: AssignmentTarget | null;
  /** Names that it sees. */
  readonly scope: Scope;
}

export interface AssignmentTarget {
  readonly datum: number;
  /** The target as written, and how many of its names are the variable's own. */
  readonly text: string;
  readonly nameCount: number;
}

interface Placed {
  readonly line: number;
}

export type Statement =
  | Block
  | AssignStatement
  | IfStatement
  | CaseStatement
  | LoopStatement
  | WhileStatement
  | IntegerForStatement
  | QueryForStatement
  | CursorForStatement
  | ForEachStatement
  | ExitStatement
  | ReturnStatement
  | ReturnNextStatement
  | ReturnQueryStatement
  | RaiseStatement
  | AssertStatement
  | SqlStatement
  | ExecuteStatement
  | PerformStatement
  | CallStatement
  | DiagnosticsStatement
  | OpenStatement
  | FetchStatement
  | CloseStatement
  | TransactionEnd;

export interface Block extends Placed {
  readonly kind: 'block';
  readonly label: string | null;
  /** Variables to be set up at its start. */
  readonly variables: readonly number[];
  readonly body: readonly Statement[];
  readonly handlers: readonly Handler[] | null;
  readonly sqlstateVariable: number;
  readonly sqlerrmVariable: number;
}
export interface Handler {
  readonly line: number;
  /** SQLSTATEs, five characters; class codes end in 000; 'others'. */
  readonly conditions: readonly string[];
  readonly body: readonly Statement[];
}
export interface AssignStatement extends Placed {
  readonly kind: 'assign';
  readonly target: number;
  readonly source: SqlText;
}
export interface IfStatement extends Placed {
  readonly kind: 'if';
  readonly branches: readonly { readonly condition: SqlText; readonly body: readonly Statement[] }[];
  readonly otherwise: readonly Statement[];
}
export interface CaseStatement extends Placed {
  readonly kind: 'case';
  readonly subject: SqlText | null;
  /** Holds the subject's value; its type is that of the value. */
  readonly subjectVariable: number;
  readonly branches: readonly { readonly condition: SqlText; readonly body: readonly Statement[] }[];
  readonly otherwise: readonly Statement[] | null;
}
interface Loop extends Placed {
  readonly label: string | null;
  readonly body: readonly Statement[];
}
export interface LoopStatement extends Loop {
  readonly kind: 'loop';
}
export interface WhileStatement extends Loop {
  readonly kind: 'while';
  readonly condition: SqlText;
}
export interface IntegerForStatement extends Loop {
  readonly kind: 'forInteger';
  readonly variable: number;
  readonly lower: SqlText;
  readonly upper: SqlText;
  readonly step: SqlText | null;
  readonly reverse: boolean;
}
export interface QueryForStatement extends Loop {
  readonly kind: 'forQuery';
  readonly target: number;
  readonly query: SqlText;
  /** FOR ... IN EXECUTE: the query is an expression that yields the text. */
  readonly dynamic: boolean;
  readonly parameters: readonly SqlText[];
}
export interface CursorForStatement extends Loop {
  readonly kind: 'forCursor';
  readonly target: number;
  readonly cursor: number;
  readonly args: SqlText | null;
}
export interface ForEachStatement extends Loop {
  readonly kind: 'forEach';
  readonly target: number;
  readonly slice: number;
  readonly array: SqlText;
}
export interface ExitStatement extends Placed {
  readonly kind: 'exit';
  readonly isExit: boolean;
  readonly label: string | null;
  readonly condition: SqlText | null;
}
export interface ReturnStatement extends Placed {
  readonly kind: 'return';
  readonly value: SqlText | null;
  /** A variable returned as it stands, -1 for none. */
  readonly variable: number;
}
export interface ReturnNextStatement extends Placed {
  readonly kind: 'returnNext';
  readonly value: SqlText | null;
  readonly variable: number;
}
export interface ReturnQueryStatement extends Placed {
  readonly kind: 'returnQuery';
  readonly query: SqlText;
  readonly dynamic: boolean;
  readonly parameters: readonly SqlText[];
}
export type RaiseLevel = 'DEBUG' | 'LOG' | 'INFO' | 'NOTICE' | 'WARNING' | 'EXCEPTION';
export interface RaiseStatement extends Placed {
  readonly kind: 'raise';
  readonly level: RaiseLevel;
  readonly condition: string | null;
  readonly message: string | null;
  readonly parameters: readonly SqlText[];
  readonly options: readonly { readonly option: RaiseOption; readonly value: SqlText }[];
}
export const raiseOptions = [
  ...(['errcode', 'message', 'detail', 'hint', 'column'] as const),
  ...(['constraint', 'datatype', 'table', 'schema'] as const),
];
export type RaiseOption = (typeof raiseOptions)[number];
export interface AssertStatement extends Placed {
  readonly kind: 'assert';
  readonly condition: SqlText;
  readonly message: SqlText | null;
}
export interface SqlStatement extends Placed {
  readonly kind: 'sql';
  readonly sql: SqlText;
  readonly into: number;
  readonly strict: boolean;
}
export interface ExecuteStatement extends Placed {
  readonly kind: 'execute';
  readonly query: SqlText;
  readonly into: number;
  readonly strict: boolean;
  readonly parameters: readonly SqlText[];
}
export interface PerformStatement extends Placed {
  readonly kind: 'perform';
  readonly query: SqlText;
}
export interface CallStatement extends Placed {
  readonly kind: 'call';
  readonly sql: SqlText;
  readonly isCall: boolean;
}
export interface DiagnosticsStatement extends Placed {
  readonly kind: 'diagnostics';
  readonly stacked: boolean;
  readonly items: readonly { readonly item: string; readonly target: number }[];
}
export interface OpenStatement extends Placed {
  readonly kind: 'open';
  readonly cursor: number;
  readonly scroll: boolean | null;
  readonly args: SqlText | null;
  readonly query: SqlText | null;
  readonly dynamic: boolean;
  readonly parameters: readonly SqlText[];
}
export interface FetchStatement extends Placed {
  readonly kind: 'fetch';
  readonly cursor: number;
  readonly isMove: boolean;
  readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
  /** Infinity: all. */
  readonly count: number;
  readonly countText: SqlText | null;
  readonly into: number;
  readonly returnsMany: boolean;
}
export interface CloseStatement extends Placed {
  readonly kind: 'close';
  readonly cursor: number;
}
export interface TransactionEnd extends Placed {
  readonly kind: 'transactionEnd';
  readonly commit: boolean;
  readonly chain: boolean;
}

export type VariableConflict = 'error' | 'variable' | 'column';

/** A parsed function. */
export interface ParsedFunction {
  readonly datums: readonly Datum[];
  readonly body: Block;
  readonly foundVariable: number;
  readonly conflict: VariableConflict;
  readonly printStrictParameters: boolean;
  /** Input arguments in order: the variables that hold them. */
  readonly argumentVariables: readonly number[];
  /** What OUT parameters return: a variable or a list of them; -1 where there are none. */
  readonly outVariable: number;
  /** NEW and OLD of trigger functions, -1 elsewhere. */
  readonly newVariable: number;
  readonly oldVariable: number;
  /** TG_* variables by name. */
  readonly triggerVariables: ReadonlyMap<string, number>;
}

/** What messages call a statement. */
export function statementName(statement: Statement): string {
  switch (statement.kind) {
    case 'exit':
      return statement.isExit ? 'EXIT' : 'CONTINUE';
    case 'forQuery':
      return statement.dynamic ? 'FOR over EXECUTE statement' : 'FOR over SELECT rows';
    case 'call':
      return statement.isCall ? 'CALL' : 'DO';
    case 'diagnostics':
      return statement.stacked ? 'GET STACKED DIAGNOSTICS' : 'GET DIAGNOSTICS';
    case 'fetch':
      return statement.isMove ? 'MOVE' : 'FETCH';
    case 'transactionEnd':
      return statement.commit ? 'COMMIT' : 'ROLLBACK';
    default:
      return names[statement.kind];
  }
}

const names = {
  block: 'statement block',
  assign: 'assignment',
  if: 'IF',
  case: 'CASE',
  loop: 'LOOP',
  while: 'WHILE',
  forInteger: 'FOR with integer loop variable',
  forCursor: 'FOR over cursor',
  forEach: 'FOREACH over array',
  return: 'RETURN',
  returnNext: 'RETURN NEXT',
  returnQuery: 'RETURN QUERY',
  raise: 'RAISE',
  assert: 'ASSERT',
  sql: 'SQL statement',
  execute: 'EXECUTE',
  perform: 'PERFORM',
  open: 'OPEN',
  close: 'CLOSE',
} as const;
