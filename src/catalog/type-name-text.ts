// Reads a type name as regtype and to_regtype accept it: SQL's own names (double precision, timestamp(3) with time
// zone, int[]), or a possibly qualified identifier, with modifiers and array brackets.
import { pgError, SqlState } from '../errors/pg-error.js';
import { foldCase } from './identifier-list.js';

export interface WrittenTypeName {
  readonly schema: string | null;
  readonly name: string;
  /** Modifiers as written: ['10', '2']. */
  readonly modifiers: readonly string[];
  readonly isArray: boolean;
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'number' | 'symbol' | 'string';
  readonly text: string;
}

const tokenPattern = /\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([\p{L}_][\p{L}\p{N}_$]*)|(-?\d+)|(\S))/uy;

/** Throws 42601 where the text is no type name. */
export function parseTypeName(text: string): WrittenTypeName {
  const parser = new Parser(tokenize(text), text);
  return parser.typeName();
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const match = tokenPattern.exec(text);
    if (match === null) break;
    const [, quoted, string, word, number, symbol] = match;
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll('""', '"') });
    else if (string !== undefined) tokens.push({ kind: 'string', text: string.replaceAll("''", "'") });
    else if (word !== undefined) tokens.push({ kind: 'word', text: foldCase(word) });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else tokens.push({ kind: 'symbol', text: symbol ?? '' });
  }
  return tokens;
}

/** SQL names of one word, and the type each stands for. */
const singleWords: Readonly<Record<string, string>> = {
  int: 'int4',
  integer: 'int4',
  smallint: 'int2',
  bigint: 'int8',
  real: 'float4',
  boolean: 'bool',
  dec: 'numeric',
  decimal: 'numeric',
  numeric: 'numeric',
};

class Parser {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly source: string,
  ) {}

  typeName(): WrittenTypeName {
    this.word('setof');
    const base = this.baseName();
    let isArray = false;
    if (this.word('array')) {
      isArray = true;
      if (this.symbol('[')) this.closeBracket();
    }
    while (this.symbol('[')) {
      isArray = true;
      this.closeBracket();
    }
    if (this.at < this.tokens.length) throw this.syntaxError();
    return { ...base, isArray };
  }

  private baseName(): Omit<WrittenTypeName, 'isArray'> {
    const first = this.tokens[this.at];
    if (first === undefined || (first.kind !== 'word' && first.kind !== 'quoted')) throw this.syntaxError();
    this.at++;
    if (first.kind === 'word' && this.tokens[this.at]?.text !== '.') {
      const builtin = this.sqlName(first.text);
      if (builtin !== null) return builtin;
    }
    let schema: string | null = null;
    let name = first.text;
    while (this.symbol('.')) {
      const part = this.tokens[this.at++];
      if (part === undefined || (part.kind !== 'word' && part.kind !== 'quoted')) throw this.syntaxError();
      schema = name;
      name = part.text;
    }
    return { schema, name, modifiers: this.modifiers() };
  }

  private sqlName(word: string): Omit<WrittenTypeName, 'isArray'> | null {
    const named = (name: string, modifiers = this.modifiers()) => ({ schema: 'pg_catalog', name, modifiers });
    const single = singleWords[word];
    if (single !== undefined) return named(single);
    switch (word) {
      case 'double':
        if (!this.word('precision')) return null;
        return named('float8');
      case 'float': {
        const [precision] = this.modifiers();
        return named(precision !== undefined && Number(precision) <= 24 ? 'float4' : 'float8', []);
      }
      case 'bit':
        return this.word('varying') ? named('varbit') : this.fixedLength('bit');
      case 'national':
        if (!this.word('character') && !this.word('char')) return null;
        return this.characterName();
      case 'character':
      case 'char':
      case 'nchar':
        return this.characterName();
      case 'varchar':
        return named('varchar');
      case 'time':
      case 'timestamp': {
        const modifiers = this.modifiers();
        return named(word + (this.withTimeZone() ? 'tz' : ''), modifiers);
      }
      case 'interval':
        while (['year', 'month', 'day', 'hour', 'minute', 'second', 'to'].some((field) => this.word(field)));
        return named('interval');
      default:
        return null;
    }
  }

  private characterName() {
    return this.word('varying')
      ? { schema: 'pg_catalog', name: 'varchar', modifiers: this.modifiers() }
      : this.fixedLength('bpchar');
  }

  /** bit and character without a length have length 1. */
  private fixedLength(name: string) {
    const modifiers = this.modifiers();
    return { schema: 'pg_catalog', name, modifiers: modifiers.length === 0 ? ['1'] : modifiers };
  }

  private withTimeZone(): boolean {
    const zoned = this.word('with');
    if (!zoned && !this.word('without')) return false;
    if (!this.word('time') || !this.word('zone')) throw this.syntaxError();
    return zoned;
  }

  private modifiers(): string[] {
    if (!this.symbol('(')) return [];
    const list: string[] = [];
    for (;;) {
      const token = this.tokens[this.at++];
      if (token === undefined) throw this.syntaxError();
      list.push(token.text);
      if (this.symbol(')')) return list;
      if (!this.symbol(',')) throw this.syntaxError();
    }
  }

  private closeBracket(): void {
    if (this.tokens[this.at]?.kind === 'number') this.at++;
    if (!this.symbol(']')) throw this.syntaxError();
  }

  private word(text: string): boolean {
    return this.take('word', text);
  }

  private symbol(text: string): boolean {
    return this.take('symbol', text);
  }

  private take(kind: Token['kind'], text: string): boolean {
    const token = this.tokens[this.at];
    if (token === undefined || token.kind !== kind || token.text !== text) return false;
    this.at++;
    return true;
  }

  private syntaxError(): Error {
    const token = this.tokens[this.at - 1] ?? this.tokens[this.at];
    const where = this.at >= this.tokens.length ? 'at end of input' : `at or near "${token?.text ?? ''}"`;
    return pgError(
      SqlState.syntaxError,
      this.source.trim() === '' ? `invalid type name "${this.source}"` : `syntax error ${where}`,
    );
  }
}
