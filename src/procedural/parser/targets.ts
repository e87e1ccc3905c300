// Where rows go: INTO targets, loop variables. A record takes a whole row, a list of scalars its columns.
import { SqlState } from '../../errors/pg-error.js';
import type { FunctionParser, NamedDatum } from './function-parser.js';
import { notScalar } from './assignment.js';

const targetsMax = 1024;

/** The variables behind INTO. Throws 42601, 22005. */
export function readTarget(parser: FunctionParser): number {
  const { tokens } = parser;
  const first = parser.takeDatum();
  if (first === null) throw parser.notVariable();
  if (holdsRow(first)) {
    parser.requireAssignable(first);
    if (tokens.isOperator(',')) {
      throw tokens.errorAt(
        tokens.peek(),
        SqlState.syntaxError,
        'record variable cannot be part of multiple-item INTO list',
      );
    }
    return first.datum.number;
  }
  return readScalars(parser, first);
}

/** A list of scalars, the first of which was taken. */
export function readScalars(parser: FunctionParser, first: NamedDatum): number {
  const { tokens } = parser;
  const line = tokens.lineOf(first.first);
  parser.requireAssignable(first);
  const members = [first.datum.number];
  const names = [nameOf(first)];
  while (tokens.skipOperator(',')) {
    if (members.length >= targetsMax)
      throw tokens.errorAt(tokens.peek(), SqlState.programLimitExceeded, 'too many INTO variables specified');
    const next = parser.takeDatum();
    if (next === null) throw parser.notVariable();
    parser.requireAssignable(next);
    if (holdsRow(next)) throw notScalar(parser, next);
    members.push(next.datum.number);
    names.push(nameOf(next));
  }
  return parser.addDatum((number) => ({ kind: 'list', number, name: '(unnamed row)', line, names, members })).number;
}

export function holdsRow({ datum }: NamedDatum): boolean {
  return datum.kind === 'record' || datum.kind === 'list';
}

function nameOf({ datum }: NamedDatum): string {
  return datum.name;
}
