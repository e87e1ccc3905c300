// DECLARE sections: variables, constants, records, bound cursors, aliases; %TYPE and %ROWTYPE.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { findName } from '../scope.js';
import type { BoundCursor, SqlText, TargetList, TypeUse } from '../tree.js';
import type { FunctionParser } from './function-parser.js';
import { readExpression, readSql } from './sql-text.js';
import type { Token } from './scan.js';

const refcursorType = 1790;

/** What follows DECLARE, up to BEGIN (not taken). */
export function parseDeclarations(parser: FunctionParser): void {
  const { tokens } = parser;
  while (!tokens.isWord('begin')) {
    if (tokens.isWord('declare')) {
      // A second DECLARE is harmless.
      tokens.take();
      continue;
    }
    if (tokens.isOperator('<<'))
      throw tokens.errorAt(tokens.peek(), SqlState.syntaxError, 'block label must be placed before DECLARE, not after');
    parseDeclaration(parser);
  }
}

function parseDeclaration(parser: FunctionParser): void {
  const { tokens } = parser;
  const name = takeVariableName(parser);
  const line = tokens.lineOf(name);
  if (tokens.isWord('alias')) {
    tokens.take();
    tokens.expectWord('for');
    parser.declare(name.text, aliased(parser));
    tokens.expectOperator(';');
    return;
  }
  if (isCursorDeclaration(parser)) {
    parseCursor(parser, name.text, line);
    return;
  }
  const constant = tokens.skipWord('constant');
  let type = parseType(parser);
  const collateAt = tokens.peek();
  if (tokens.skipWord('collate')) type = collated(parser, type, collateAt);
  const notNullAt = tokens.peek();
  const notNull = tokens.isWord('not') && tokens.isWord('null', 1);
  if (notNull) {
    tokens.take();
    tokens.take();
  } else if (tokens.isWord('not')) throw tokens.syntaxError();
  const initial = parseInitial(parser);
  if (notNull && initial === null) {
    throw tokens.errorAt(
      notNullAt,
      SqlState.nullValueNotAllowed,
      `variable "${name.text}" must have a default value, since it's declared NOT NULL`,
    );
  }
  parser.addVariable(name.text, line, type, { constant, notNull, initial });
}

function parseInitial(parser: FunctionParser): SqlText | null {
  const { tokens } = parser;
  if (tokens.skipOperator(';')) return null;
  if (tokens.skipWord('default') || tokens.skipOperator(':=') || tokens.skipOperator('='))
    return readExpression(parser, ';').sql;
  throw tokens.syntaxError();
}

/** A new name; it may be declared in an outer block, but not in this one. */
function takeVariableName(parser: FunctionParser): Token {
  const { tokens } = parser;
  const name = tokens.expectName();
  if (findName(parser.scope, [name.text], true) !== null) throw tokens.syntaxError('duplicate declaration', name);
  warnOfShadowing(parser, name);
  return name;
}

function warnOfShadowing(parser: FunctionParser, name: Token): void {
  if (!parser.checks || findName(parser.scope, [name.text]) === null) return;
  const level = parser.host.extraCheck('shadowed_variables');
  if (level === null) return;
  const message = `variable "${name.text}" shadows a previously defined variable`;
  if (level === 'error') throw parser.tokens.errorAt(name, SqlState.duplicateAlias, message);
  const { fields } = parser.tokens.errorAt(name, SqlState.duplicateAlias, message);
  parser.notices.push({ severity: 'WARNING', code: SqlState.duplicateAlias, message, fields });
}

function aliased(parser: FunctionParser): number {
  const { tokens } = parser;
  const words = parser.words();
  const [first] = words;
  if (first === undefined || words.length > 2) throw tokens.syntaxError();
  const found = findName(
    parser.scope,
    words.map(({ text }) => text),
  );
  if (found === null || found.nameCount < words.length) {
    const name = words.map(({ text }) => text).join('.');
    throw tokens.errorAt(first, SqlState.undefinedObject, `variable "${name}" does not exist`);
  }
  parser.skipWords(words.length);
  return found.datum;
}

function collated(parser: FunctionParser, type: TypeUse, start: Token): TypeUse {
  const { tokens, host } = parser;
  const names = [tokens.expectName().text];
  while (tokens.skipOperator('.')) names.push(tokens.take().text);
  const name = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? (names[names.length - 2] ?? null) : null;
  const collation = host.catalog.findCollation(schema, name);
  if (collation === null) {
    throw pgError(SqlState.undefinedObject, `collation "${names.join('.')}" for encoding "UTF8" does not exist`);
  }
  if (type.collation === 0) {
    throw tokens.errorAt(
      start,
      SqlState.datatypeMismatch,
      `collations are not supported by type ${host.catalog.formatType(type.oid)}`,
    );
  }
  return { ...type, collation: collation.oid };
}

/** A type's name up to what may follow it. Throws 42601, 42704. */
export function parseType(parser: FunctionParser): TypeUse {
  const { tokens } = parser;
  const known = parsePercentType(parser);
  if (known !== null) return known;
  const start = tokens.peek();
  let depth = 0;
  for (;;) {
    const token = tokens.peek();
    if (token.kind === 'end') {
      if (depth !== 0) throw tokens.syntaxError('mismatched parentheses');
      throw tokens.syntaxError('incomplete data type declaration');
    }
    if (depth === 0 && endsType(parser, token)) break;
    if (tokens.isOperator(';')) throw tokens.syntaxError(depth > 0 ? 'mismatched parentheses' : 'syntax error');
    if (tokens.isOperator('(')) depth += 1;
    if (tokens.isOperator(')')) depth -= 1;
    if (depth < 0) break;
    tokens.take();
  }
  const end = tokens.peek();
  if (end === start) throw tokens.syntaxError('missing data type declaration');
  const text = tokens.sourceBetween(start.start, end.start).trimEnd();
  return parser.checkAt(start.start, () => parser.host.resolveType(text));
}

function endsType(parser: FunctionParser, token: Token): boolean {
  const { tokens } = parser;
  if (token.kind === 'operator') return [';', ':=', '=', ',', ')'].includes(token.text);
  return tokens.isWord('default') || tokens.isWord('not') || tokens.isWord('collate');
}

/** name%TYPE and name%ROWTYPE, with [] or ARRAY behind; null where it is none. */
function parsePercentType(parser: FunctionParser): TypeUse | null {
  const { tokens } = parser;
  const words = parser.words();
  const [first] = words;
  if (first === undefined) return null;
  const at = words.length * 2 - 1;
  if (!tokens.isOperator('%', at)) return null;
  const isType = tokens.isWord('type', at + 1);
  if (!isType && !tokens.isWord('rowtype', at + 1)) return null;
  const names = words.map(({ text }) => text);
  const type = isType ? typeOf(parser, names) : rowTypeOf(parser, names);
  parser.skipWords(words.length);
  tokens.take();
  tokens.take();
  return arrayOf(parser, type);
}

function arrayOf(parser: FunctionParser, type: TypeUse): TypeUse {
  const { tokens, host } = parser;
  let isArray = tokens.skipWord('array');
  while (tokens.isOperator('[')) {
    tokens.take();
    if (tokens.peek().kind === 'number') tokens.take();
    tokens.expectOperator(']');
    isArray = true;
  }
  if (!isArray) return type;
  const element = host.catalog.typeByOid(type.oid);
  if (element.array === 0) {
    if (element.category === 'A' && element.element !== 0) return type;
    throw pgError(
      SqlState.undefinedObject,
      `could not find array type for data type ${host.catalog.formatType(type.oid)}`,
    );
  }
  return { oid: element.array, typmod: type.typmod, collation: host.catalog.typeByOid(element.array).collation };
}

function typeOf(parser: FunctionParser, names: readonly string[]): TypeUse {
  const variable = typeOfVariable(parser, names);
  if (variable !== null) return variable;
  const [name] = names;
  if (names.length === 1) throw pgError(SqlState.undefinedObject, `variable "${name}" does not exist`);
  const { catalog } = parser.host;
  const column = names[names.length - 1] ?? '';
  const relation = catalog.resolveRelation({
    catalog: null,
    schema: names.length > 2 ? (names[names.length - 3] ?? null) : null,
    name: names[names.length - 2] ?? '',
  });
  const attribute = relation.attributes.find((candidate) => candidate.name === column && !candidate.isDropped);
  if (attribute === undefined) {
    throw pgError(SqlState.undefinedColumn, `column "${column}" of relation "${relation.name}" does not exist`);
  }
  return { oid: attribute.type, typmod: attribute.typmod, collation: attribute.collation };
}

function typeOfVariable(parser: FunctionParser, names: readonly string[]): TypeUse | null {
  const found = findName(parser.scope, names);
  if (found === null) return null;
  const datum = parser.datum(found.datum);
  if (found.nameCount === names.length && (datum.kind === 'variable' || datum.kind === 'record')) return datum.type;
  if (datum.kind !== 'record' || found.nameCount !== names.length - 1) return null;
  const { catalog } = parser.host;
  const attribute = catalog
    .typeByOid(catalog.baseType(datum.type.oid))
    .attributes.find((candidate) => candidate.name === names[names.length - 1]);
  return attribute === undefined
    ? null
    : { oid: attribute.type, typmod: attribute.typmod, collation: attribute.collation };
}

function rowTypeOf(parser: FunctionParser, names: readonly string[]): TypeUse {
  const { catalog } = parser.host;
  const name = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? (names[names.length - 2] ?? null) : null;
  const relation = catalog.resolveRelation({ catalog: null, schema, name });
  if (relation.rowType === 0)
    throw pgError(SqlState.wrongObjectType, `relation "${name}" does not have a composite type`);
  return { oid: relation.rowType, typmod: -1, collation: 0 };
}

function isCursorDeclaration(parser: FunctionParser): boolean {
  const { tokens } = parser;
  if (tokens.isWord('cursor')) return true;
  if (tokens.isWord('scroll')) return tokens.isWord('cursor', 1);
  return tokens.isWord('no') && tokens.isWord('scroll', 1) && tokens.isWord('cursor', 2);
}

function parseCursor(parser: FunctionParser, name: string, line: number): void {
  const { tokens } = parser;
  const scroll = parseScroll(parser);
  tokens.expectWord('cursor');
  const outer = parser.scope;
  parser.pushLabel(name, 'other');
  const args = tokens.isOperator('(') ? parseCursorParameters(parser) : null;
  if (!tokens.skipWord('is')) tokens.expectWord('for');
  const query = readSql(parser, 'statement', { until: [';'] }).sql;
  parser.scope = outer;
  const cursor: BoundCursor = { query, scroll, args };
  const type = { oid: refcursorType, typmod: -1, collation: 0 };
  parser.addVariable(name, line, type, { cursor });
}

/** SCROLL and NO SCROLL; null without either. */
export function parseScroll(parser: FunctionParser): boolean | null {
  const { tokens } = parser;
  if (tokens.skipWord('scroll')) return true;
  if (!tokens.skipWord('no')) return null;
  tokens.expectWord('scroll');
  return false;
}

function parseCursorParameters(parser: FunctionParser): TargetList {
  const { tokens } = parser;
  const line = tokens.line;
  tokens.expectOperator('(');
  const members: number[] = [];
  const names: string[] = [];
  do {
    const name = takeVariableName(parser);
    const type = parseType(parser);
    const variable = parser.addVariable(name.text, tokens.lineOf(name), type);
    members.push(variable.number);
    names.push(name.text);
  } while (tokens.skipOperator(','));
  tokens.expectOperator(')');
  return parser.addDatum((number) => ({ kind: 'list', number, name: '(unnamed row)', line, names, members }));
}
