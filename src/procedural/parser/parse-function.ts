// A function's source to its parsed form: arguments, the variables every function has, options, the outermost block.
import { type PgError, PgError as PgErrorClass, pgError, SqlState } from '../../errors/pg-error.js';
import { withContext } from '../../errors/context.js';
import type { Notice } from '../../errors/pg-error.js';
import type { Host } from '../host.js';
import type { Datum, ParsedFunction, TypeUse } from '../tree.js';
import { parseBlock, parseLabel } from './blocks.js';
import { FunctionParser, type FunctionShape } from './function-parser.js';

/** A function as its catalog row and its call describe it; polymorphic types are replaced by what they stand for. */
export interface FunctionSignature {
  readonly name: string;
  readonly source: string;
  /** All arguments, OUT and TABLE ones too. Modes i o b v t. */
  readonly args: readonly { readonly type: number; readonly mode: string; readonly name: string }[];
  readonly returnType: number;
  readonly returnsSet: boolean;
  readonly kind: 'function' | 'procedure' | 'trigger' | 'eventTrigger' | 'inline';
  /** Collation that the call derives for its arguments, 0 for none. */
  readonly collation: number;
}

export interface ParseResult {
  readonly parsed: ParsedFunction;
  readonly notices: readonly Notice[];
}

/** Parses a function. `checks`: every SQL text in it is parsed too. Positions of errors count in the source. Throws 42601
 *  and what declarations throw; the context says what was compiled where an error has no position. */
export function parseFunction(signature: FunctionSignature, host: Host, checks: boolean): ParseResult {
  const shape: FunctionShape = {
    isTrigger: signature.kind === 'trigger',
    isEventTrigger: signature.kind === 'eventTrigger',
    isProcedure: signature.kind === 'procedure',
    returnsSet: signature.returnsSet,
    returnType: signature.returnType,
    returnsRow: false,
  };
  let parser: FunctionParser | null = null;
  try {
    parser = new FunctionParser(signature.source, host, shape, checks);
    return { parsed: parseWith(parser, signature), notices: parser.notices };
  } catch (error) {
    throw compilationError(error, signature.name, parser?.tokens.lastLine ?? 1);
  }
}

function compilationError(error: unknown, name: string, line: number): unknown {
  if (!(error instanceof PgErrorClass)) return error;
  if ((error as PgError).fields.position !== undefined) return error;
  const { location: _location, ...fields } = error.fields;
  error.fields = fields;
  return withContext(error, `compilation of PL/pgSQL function "${name}" near line ${line}`);
}

function parseWith(parser: FunctionParser, signature: FunctionSignature): ParsedFunction {
  const { tokens } = parser;
  parser.pushLabel(signature.name, 'block');
  const argumentVariables = declareArguments(parser, signature);
  const triggers = declareTriggerVariables(parser, signature);
  const boolean = { oid: 16, typmod: -1, collation: 0 };
  const foundVariable = parser.addVariable('found', 0, boolean).number;
  parseOptions(parser);
  const body = parseBlock(parser, parseLabel(parser));
  tokens.skipOperator(';');
  if (tokens.peek().kind !== 'end') throw tokens.syntaxError();
  return {
    datums: parser.datums,
    body,
    foundVariable,
    conflict: parser.conflict,
    printStrictParameters: parser.printStrictParameters,
    argumentVariables,
    outVariable: parser.outVariable,
    newVariable: triggers.get('new') ?? -1,
    oldVariable: triggers.get('old') ?? -1,
    triggerVariables: triggers,
  };
}

function declareArguments(parser: FunctionParser, signature: FunctionSignature): readonly number[] {
  if (signature.kind === 'trigger' || signature.kind === 'eventTrigger') {
    refuseTriggerArguments(signature);
    return [];
  }
  const inputs: number[] = [];
  const outputs: (Datum & { name: string })[] = [];
  const names = new Set<string>();
  signature.args.forEach(({ type, mode, name }, index) => {
    requirePlainType(parser, type);
    const use = typeUse(parser, type, signature.collation);
    const positional = `$${index + 1}`;
    const variable = parser.addVariable(name === '' ? positional : name, 0, use, { visible: false });
    parser.declare(positional, variable.number);
    if (name !== '') {
      if (names.has(name))
        throw pgError(SqlState.invalidFunctionDefinition, `parameter name "${name}" used more than once`);
      names.add(name);
      parser.declare(name, variable.number);
    }
    if (mode === 'i' || mode === 'b' || mode === 'v') inputs.push(variable.number);
    if (mode === 'o' || mode === 'b' || mode === 't') outputs.push(variable);
  });
  const [only] = outputs;
  if (outputs.length > 1 || (only !== undefined && signature.kind === 'procedure')) {
    const members = outputs.map(({ number }) => number);
    const list = parser.addDatum((number) => ({
      kind: 'list',
      number,
      name: '(unnamed row)',
      line: -1,
      names: outputs.map(({ name }) => name),
      members,
    }));
    parser.outVariable = list.number;
  } else if (only !== undefined) parser.outVariable = only.number;
  return inputs;
}

function refuseTriggerArguments(signature: FunctionSignature): void {
  if (signature.args.length === 0) return;
  const isEvent = signature.kind === 'eventTrigger';
  throw pgError(
    SqlState.invalidFunctionDefinition,
    `${isEvent ? 'event trigger' : 'trigger'} functions cannot have declared arguments`,
    isEvent ? {} : { hint: 'The arguments of the trigger can be accessed through TG_NARGS and TG_ARGV instead.' },
  );
}

function requirePlainType(parser: FunctionParser, type: number): void {
  const { kind } = parser.host.catalog.typeByOid(type);
  if (kind !== 'p' || type === 2249) return;
  const shown = parser.host.catalog.formatType(type);
  throw pgError(SqlState.featureNotSupported, `PL/pgSQL functions cannot accept type ${shown}`);
}

/** A type whose collation, where it has one, is the call's. */
export function typeUse(parser: { readonly host: Host }, oid: number, collation: number): TypeUse {
  const type = parser.host.catalog.typeByOid(oid);
  return { oid, typmod: -1, collation: type.collation !== 0 && collation !== 0 ? collation : type.collation };
}

/** NEW, OLD and TG_*, in PostgreSQL's order. */
const triggerTypes: readonly (readonly [name: string, type: number])[] = [
  ['new', 2249],
  ['old', 2249],
  ['tg_name', 19],
  ['tg_when', 25],
  ['tg_level', 25],
  ['tg_op', 25],
  ['tg_relid', 26],
  ['tg_relname', 19],
  ['tg_table_name', 19],
  ['tg_table_schema', 19],
  ['tg_nargs', 23],
  ['tg_argv', 1009],
];
const eventTriggerTypes: typeof triggerTypes = [
  ['tg_event', 25],
  ['tg_tag', 25],
];

function declareTriggerVariables(parser: FunctionParser, signature: FunctionSignature): ReadonlyMap<string, number> {
  const kinds = { trigger: triggerTypes, eventTrigger: eventTriggerTypes, function: [], procedure: [], inline: [] };
  const declared = new Map<string, number>();
  for (const [name, type] of kinds[signature.kind]) {
    declared.set(name, parser.addVariable(name, 0, typeUse(parser, type, 0)).number);
  }
  return declared;
}

function parseOptions(parser: FunctionParser): void {
  const { tokens } = parser;
  while (tokens.skipOperator('#')) {
    const option = tokens.expectName().text;
    const value = tokens.take();
    const word = value.kind === 'word' ? value.text : '';
    if (option === 'option' && word === 'dump') continue;
    if (option === 'print_strict_params' && (word === 'on' || word === 'off'))
      parser.printStrictParameters = word === 'on';
    else if (option === 'variable_conflict' && word === 'error') parser.conflict = 'error';
    else if (option === 'variable_conflict' && word === 'use_variable') parser.conflict = 'variable';
    else if (option === 'variable_conflict' && word === 'use_column') parser.conflict = 'column';
    else if (option === 'print_strict_params') {
      const message = `unrecognized print_strict_params option ${word}`;
      throw pgError(SqlState.syntaxError, message);
    } else throw tokens.syntaxError('syntax error', value);
  }
}
