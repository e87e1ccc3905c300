// Statements of SQL: INTO is PL/pgSQL's and is cut out of the text. EXECUTE, PERFORM, CALL and DO.
import type { SqlText, Statement } from '../tree.js';
import type { FunctionParser } from './function-parser.js';
import { isOneOf, readRaw, readSql } from './sql-text.js';
import { readTarget } from './targets.js';

/** Any statement that is none of PL/pgSQL's own, up to its `;`. */
export function parseSql(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  const first = tokens.peek();
  const { text, into, strict } = readStatement(parser);
  const sql = parser.sqlText(text, 'statement', first.start);
  return { kind: 'sql', line, sql, into, strict };
}

interface StatementText {
  readonly text: string;
  readonly into: number;
  readonly strict: boolean;
}

function readStatement(parser: FunctionParser): StatementText {
  const { tokens } = parser;
  const first = tokens.peek();
  let into: { readonly start: number; readonly end: number } | null = null;
  let target = -1;
  let strict = false;
  let depth = 0;
  const routine = new RoutineBody();
  let previous = '';
  for (;;) {
    const token = tokens.peek();
    routine.see(token.kind === 'word' && !token.quoted ? token.text : '', isOneOf(token, [';']));
    if (tokens.isOperator('(') || tokens.isOperator('[')) depth += 1;
    if (tokens.isOperator(')') || tokens.isOperator(']')) depth -= 1;
    if (tokens.isOperator(';') && depth <= 0 && !routine.isOpen) break;
    if (token.kind === 'end') throw tokens.syntaxError('unexpected end of function definition');
    tokens.take();
    if (token.kind === 'word' && !token.quoted && token.text === 'into' && isIntoTarget(first.text, previous)) {
      if (into !== null) throw tokens.syntaxError('INTO specified more than once', token);
      strict = tokens.skipWord('strict');
      target = readTarget(parser);
      into = { start: token.start, end: tokens.peek().start };
      previous = '';
    } else previous = token.kind === 'word' ? token.text : '';
  }
  const end = tokens.take().start;
  if (into === null) return { text: tokens.sourceBetween(first.start, end).trimEnd(), into: -1, strict };
  const gap = ' '.repeat(into.end - into.start);
  const text = tokens.sourceBetween(first.start, into.start) + gap + tokens.sourceBetween(into.end, end);
  return { text: text.trimEnd(), into: target, strict };
}

/** INSERT INTO, MERGE INTO and IMPORT ... INTO are SQL's own. */
function isIntoTarget(first: string, previous: string): boolean {
  return previous !== 'insert' && previous !== 'merge' && first !== 'import';
}

/** Whether the text is within BEGIN ATOMIC ... END of a routine's definition, where `;` ends no statement. */
class RoutineBody {
  private count = 0;
  private isRoutine = false;
  private depth = 0;

  see(word: string, isEnd: boolean): void {
    this.count += 1;
    if (word === '' || isEnd) return;
    if (this.count === 1) this.isRoutine = word === 'create';
    else if (this.count <= 4 && this.isRoutine && this.depth === 0) {
      if (word === 'function' || word === 'procedure') this.isDefinition = true;
    }
    if (!this.isDefinition) return;
    if (word === 'begin' || (word === 'case' && this.depth > 0)) this.depth += 1;
    else if (word === 'end' && this.depth > 0) this.depth -= 1;
  }

  private isDefinition = false;

  get isOpen(): boolean {
    return this.depth > 0;
  }
}

export function parseExecute(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectWord('execute');
  const first = tokens.peek();
  const { text, end: firstEnd } = readRaw(parser, true, {
    until: ['into', 'using', ';'],
    expected: 'INTO or USING or ;',
  });
  const query = parser.sqlText(text, 'expression', first.start);
  let end = firstEnd;
  let into = -1;
  let strict = false;
  let hasUsing = false;
  const parameters: SqlText[] = [];
  while (end.text !== ';') {
    if (end.text === 'into') {
      if (into >= 0) throw tokens.syntaxError('syntax error', end);
      strict = tokens.skipWord('strict');
      into = readTarget(parser);
      end = tokens.take();
      if (!isOneOf(end, ['into', 'using', ';'])) throw tokens.syntaxError('syntax error', end);
      continue;
    }
    if (hasUsing) throw tokens.syntaxError('syntax error', end);
    hasUsing = true;
    do {
      const at = tokens.peek();
      const next = readRaw(parser, true, { until: [',', ';', 'into'], expected: ', or ; or INTO' });
      parameters.push(parser.sqlText(next.text, 'expression', at.start));
      end = next.end;
    } while (end.text === ',');
  }
  return { kind: 'execute', line, query, into, strict, parameters };
}

/** PERFORM is SELECT with its result thrown away. */
export function parsePerform(parser: FunctionParser): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  const word = tokens.expectWord('perform');
  const rest = tokens.peek();
  // PERFORM alone is SELECT alone, which is right too.
  const text = tokens.skipOperator(';') ? '' : readRaw(parser, false, { until: [';'] }).text;
  // The word is replaced; what stands between it and the rest keeps its length, so positions fit (SELECT is one shorter).
  const between = tokens.sourceBetween(word.end, rest.start);
  const query = parser.sqlText(`SELECT${between}${text}`.trimEnd(), 'statement', word.start + 1);
  return { kind: 'perform', line, query };
}

export function parseCall(parser: FunctionParser, isCall: boolean): Statement {
  const { tokens } = parser;
  const line = tokens.line;
  const { sql } = readSql(parser, 'statement', { until: [';'] });
  return { kind: 'call', line, sql, isCall };
}
