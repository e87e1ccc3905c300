// The text of EXECUTE: parsed at once, each statement bound when its turn comes, as those before it may have made what it
// needs.
import type { Node } from '@pgsql/types';
import { analyze } from '../../analyzer/analyze.js';
import { parse, type ParsedStatement } from '../../parser/parse.js';
import type { DynamicStatement, OpenOptions, PreparedDynamic } from '../../procedural/host.js';
import type { FunctionFrame } from '../../procedural/run/frame.js';
import { nodeTag } from '../../trees/ast.js';
import type { ParameterValue } from '../parameters.js';
import { PreparedStatement } from '../prepared-statement.js';
import type { Session } from '../session.js';
import type { FrameContext } from './frame-context.js';
import { commandOf, openInFrame, statementColumns } from './prepared-sql.js';
import { placed } from './sql-source.js';

/** Parses a text whose $n are of these types. Throws 42601 with the position in the text. */
export function prepareDynamic(
  session: Session,
  text: string,
  types: readonly number[],
  frame: FunctionFrame,
): PreparedDynamic {
  const sql = { text, use: 'statement', sourceAt: 0 } as const;
  const { statements } = placed(sql, text, () => parse(text));
  return { statements: statements.map((raw) => new StatementOfText(session, text, raw, types, frame)) };
}

class StatementOfText implements DynamicStatement {
  readonly tag: string;
  readonly prepared: PreparedStatement;

  constructor(
    private readonly session: Session,
    text: string,
    private readonly raw: ParsedStatement,
    types: readonly number[],
    frame: FunctionFrame,
  ) {
    this.tag = nodeTag(raw.statement);
    const sql = { text, use: 'statement', sourceAt: 0 } as const;
    this.prepared = new PreparedStatement({
      name: '',
      sourceText: session.sliceOf(raw, text),
      queryString: text,
      raw,
      declaredTypes: null,
      fromSql: false,
      preparedAt: session.statementTimestamp,
      bind: () =>
        placed(sql, text, () =>
          analyze(raw.statement, {
            catalog: session.catalog,
            sourceText: text,
            parameterTypes: [...types],
            variableParameters: false,
            notice: (notice) => session.notice(notice),
            ...transitionsOf(frame),
          }),
        ),
    });
  }

  get columns() {
    return statementColumns(this.session, this.prepared);
  }

  get command(): string {
    return commandOf(this.prepared.bind(this.session));
  }

  get modifies(): boolean {
    const bound = this.prepared.bind(this.session);
    return bound.kind === 'query' && bound.query.commandType !== 'select';
  }

  get hasInto(): boolean {
    return hasInto(this.raw.statement);
  }

  open(frame: FunctionFrame, parameters: readonly ParameterValue[], options?: OpenOptions) {
    return openInFrame(this.session, this.prepared, frame, parameters, options);
  }
}

function hasInto(node: Node): boolean {
  if (!('SelectStmt' in node)) return false;
  let select = node.SelectStmt;
  while (select.larg !== undefined) select = select.larg;
  return select.intoClause !== undefined;
}

function transitionsOf(frame: FunctionFrame) {
  const { transitionTables } = frame.hostState as FrameContext;
  if (transitionTables.length === 0) return {};
  return { transitionTables: new Map(transitionTables.map(({ name, relation }) => [name, relation.oid])) };
}
