// The parser's state: tokens, the variables declared so far, the scope in hand. What single files of this folder know of
// statements, declarations and SQL texts works on it.
import { type Notice, type PgError, pgError, SqlState } from '../../errors/pg-error.js';
import type { Host } from '../host.js';
import { findName, type Scope } from '../scope.js';
import type { Datum, SqlText, TypeUse, VariableConflict } from '../tree.js';
import { place, type Token } from './scan.js';
import { TokenStream } from './token-stream.js';

/** What a parse must know of the function around it. */
export interface FunctionShape {
  readonly isTrigger: boolean;
  readonly isEventTrigger: boolean;
  readonly isProcedure: boolean;
  readonly returnsSet: boolean;
  readonly returnType: number;
  /** The returned type holds rows: a composite type, record, or several OUT parameters. */
  readonly returnsRow: boolean;
}

/** A variable as it was named. */
export interface NamedDatum {
  readonly datum: Datum;
  /** Its own names: 1 for x, 2 for block.x and record.field. */
  readonly nameCount: number;
  readonly first: Token;
  readonly last: Token;
}

export class FunctionParser {
  readonly tokens: TokenStream;
  readonly datums: Datum[] = [];
  /** Warnings to be sent once the function is known to be right. */
  readonly notices: Notice[] = [];
  scope: Scope = null;
  conflict: VariableConflict;
  printStrictParameters: boolean;
  outVariable = -1;
  /** Datums already set up by an enclosing declaration. */
  private initialized = 0;

  constructor(
    readonly source: string,
    readonly host: Host,
    readonly shape: FunctionShape,
    /** Parse every SQL text too: what CREATE FUNCTION does. */
    readonly checks: boolean,
  ) {
    this.tokens = new TokenStream(source);
    const conflict = host.setting('plpgsql.variable_conflict');
    this.conflict = conflict === 'use_variable' ? 'variable' : conflict === 'use_column' ? 'column' : 'error';
    this.printStrictParameters = host.setting('plpgsql.print_strict_params') === 'on';
  }

  addDatum<T extends Datum>(make: (number: number) => T): T {
    const datum = make(this.datums.length);
    this.datums.push(datum);
    return datum;
  }

  /** A scalar or a record, by its type. Throws 0A000 for pseudo-types. */
  addVariable(name: string, line: number, type: TypeUse, options: VariableOptions = {}): Datum & { name: string } {
    const { constant = false, notNull = false, initial = null, cursor = null, visible = true } = options;
    const kind = this.holdsRows(type.oid) ? 'record' : 'variable';
    if (kind === 'variable') this.refusePseudoType(name, type.oid);
    const datum = this.addDatum<Datum & { name: string }>((number) =>
      kind === 'record'
        ? { kind, number, name, line, type, constant, notNull, initial }
        : { kind, number, name, line, type, constant, notNull, initial, cursor },
    );
    if (visible) this.declare(name, datum.number);
    return datum;
  }

  private refusePseudoType(name: string, oid: number): void {
    const type = this.host.catalog.typeByOid(oid);
    if (type.kind !== 'p') return;
    const shown = this.host.catalog.formatType(oid);
    throw pgError(SqlState.featureNotSupported, `variable "${name}" has pseudo-type ${shown}`);
  }

  holdsRows(oid: number): boolean {
    const { catalog } = this.host;
    const base = catalog.typeByOid(catalog.baseType(oid));
    return base.kind === 'c' || base.oid === recordType;
  }

  declare(name: string, datum: number): void {
    this.scope = { kind: 'variable', name, datum, outer: this.scope };
  }

  pushLabel(name: string, type: 'block' | 'loop' | 'other'): void {
    this.scope = { kind: 'label', name, type, outer: this.scope };
  }

  /** Variables declared since the last call. */
  takeInitialized(): readonly number[] {
    const numbers: number[] = [];
    for (const datum of this.datums.slice(this.initialized))
      if (datum.kind === 'variable' || datum.kind === 'record') numbers.push(datum.number);
    this.initialized = this.datums.length;
    return numbers;
  }

  skipInitialized(): void {
    this.initialized = this.datums.length;
  }

  datum(number: number): Datum {
    const datum = this.datums[number];
    if (datum === undefined) throw new Error(`invariant broken: no variable ${number}`);
    return datum;
  }

  /** The variable named from the token in hand on; null where the words name none. Takes its tokens. */
  takeDatum(): NamedDatum | null {
    const words = this.words();
    if (words.length === 0) return null;
    const found = findName(
      this.scope,
      words.map(({ text }) => text),
    );
    const last = found === null ? undefined : words[found.nameCount - 1];
    const [first] = words;
    if (found === null || last === undefined || first === undefined) return null;
    const datum = this.datum(found.datum);
    const field = words[found.nameCount];
    if (field === undefined || datum.kind !== 'record') {
      if (words.length > found.nameCount) return null;
      this.skipWords(found.nameCount);
      return { datum, nameCount: found.nameCount, first, last };
    }
    this.skipWords(found.nameCount + 1);

    return { datum: this.fieldOf(datum.number, field.text), nameCount: found.nameCount + 1, first, last: field };
  }

  /** a, a.b or a.b.c at the token in hand; $1 too. */
  words(): readonly Token[] {
    const { tokens } = this;
    const first = tokens.peek();
    if (first.kind === 'param') return [first];
    if (!tokens.isName()) return [];
    const words = [first];
    while (
      words.length < 3 &&
      tokens.isOperator('.', words.length * 2 - 1) &&
      tokens.peek(words.length * 2).kind === 'word'
    )
      words.push(tokens.peek(words.length * 2));
    return words;
  }

  skipWords(count: number): void {
    for (let taken = 0; taken < count * 2 - 1; taken++) this.tokens.take();
  }

  fieldOf(record: number, name: string): Datum {
    const known = this.datums.find((datum) => datum.kind === 'field' && datum.record === record && datum.name === name);
    return known ?? this.addDatum((number) => ({ kind: 'field', number, name, record }));
  }

  /** Throws where the token in hand is a word that names no variable. */
  notVariable(): PgError {
    const { tokens } = this;
    const words = this.words();
    if (words.length === 0) return tokens.syntaxError();
    const name = words.map(({ text }) => text).join('.');
    return tokens.errorAt(tokens.peek(), SqlState.syntaxError, `"${name}" is not a known variable`);
  }

  /** 22005 where the variable may not be assigned to. */
  requireAssignable({ datum, first }: NamedDatum): void {
    const owner = datum.kind === 'field' ? this.datum(datum.record) : datum;
    if (owner.kind === 'list') {
      for (const member of owner.members) this.requireAssignable(this.named(member, first));
      return;
    }
    if ((owner.kind === 'variable' || owner.kind === 'record') && owner.constant)
      throw this.tokens.errorAt(first, SqlState.errorInAssignment, `variable "${owner.name}" is declared CONSTANT`);
  }

  private named(number: number, token: Token): NamedDatum {
    return { datum: this.datum(number), nameCount: 1, first: token, last: token };
  }

  /** An SQL text; where bodies are checked it must parse. `at`: its place in the source. */
  sqlText(text: string, use: SqlText['use'], at: number, target: SqlText['target'] = null, sourceAt = 0): SqlText {
    const sql: SqlText = { text, use, sourceAt, target, scope: this.scope };
    if (this.checks) this.checkAt(at, () => this.host.checkSyntax(sql));
    return sql;
  }

  /** Runs a check of a piece of the source: positions in its errors become places of the source. */
  checkAt<T>(at: number, check: () => T): T {
    try {
      return check();
    } catch (error) {
      const { fields } = error as PgError;
      if (fields?.position === undefined) throw error;
      const before = place(this.source, at).position - 1;
      (error as PgError).fields = { ...fields, position: before + fields.position };
      throw error;
    }
  }
}

export interface VariableOptions {
  readonly constant?: boolean;
  readonly notNull?: boolean;
  readonly initial?: SqlText | null;
  readonly cursor?: Extract<Datum, { kind: 'variable' }>['cursor'];
  /** False: no name refers to it. */
  readonly visible?: boolean;
}

export const recordType = 2249;
