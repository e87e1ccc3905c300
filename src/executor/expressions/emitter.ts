// Writes the JavaScript of one program: statements that compute an expression into variables, in PostgreSQL's order of
// evaluation. Everything that is not code (constants, functions, types) is reached through numbered slots, so user text
// never enters the source, and programs of the same shape share one compiled function.
import type { Catalog } from '../../catalog/api.js';
import type { Expression, Var } from '../../trees/expression.js';
import { PgError, SqlState } from '../../errors/pg-error.js';
import { emitters } from './dispatch.js';
import type { CompileUnit } from './unit.js';

/** An evaluated expression: a JavaScript atom (variable or literal), and whether it can be SQL NULL. */
export interface Operand {
  readonly code: string;
  readonly nullable: boolean;
}

/** How a program finds its rows. */
export interface RowSources {
  /** Relation columns of a scan by RT index: how many attributes its rows carry before [rowid, stamp]. */
  readonly systemColumnBase?: number;
  /** Replaces an indexVar by what it stands for in a recheck over the table's row. */
  readonly indexVar?: (column: Var) => Expression | null;
  /** Attributes (1-based) of scan rows that can't be null. */
  readonly notNull?: (variable: Var) => boolean;
  /** Where aggregates, window functions and GROUPING find their result: an index into the fourth argument. */
  readonly computed?: (expr: Expression) => number | null;
  /** Tells scanned rows from EXCLUDED, old and new rows in ON CONFLICT and MERGE: JavaScript name of the row of a varno. */
  readonly rowOf?: (varno: number) => string | null;
}

export const trueOperand: Operand = { code: 'true', nullable: false };
export const nullOperand: Operand = { code: 'null', nullable: true };

export class Emitter {
  readonly slots: unknown[] = [];
  readonly initParams = new Set<number>();
  isAsync = false;
  /** Input of CASE and of coercions of elements; VALUE of domain checks. Innermost last. */
  readonly caseTests: Operand[] = [];
  readonly domainValues: Operand[] = [];
  private readonly lines: string[] = [];
  private readonly slotNames = new Map<unknown, string>();
  private temporaries = 0;

  constructor(
    readonly unit: CompileUnit,
    readonly sources: RowSources,
  ) {}

  get catalog(): Catalog {
    return this.unit.catalog;
  }

  /** Emits the statements that compute an expression. */
  emit(expr: Expression): Operand {
    const handler = emitters[expr.kind] as (expr: Expression, emitter: Emitter) => Operand;
    return handler(expr, this);
  }

  line(code: string): void {
    this.lines.push(code);
  }

  /** A fresh variable name. */
  temp(): string {
    this.temporaries += 1;
    return `t${this.temporaries}`;
  }

  /** Assigns JavaScript code to a fresh variable and returns its name. */
  assign(code: string): string {
    const name = this.temp();
    this.lines.push(`var ${name} = ${code};`);
    return name;
  }

  /** Name under which the program reaches a value that lives outside of the source. */
  slot(value: unknown): string {
    // A Map takes -0 for 0: it gets a slot of its own.
    const isShared = !Object.is(value, -0);
    const known = isShared ? this.slotNames.get(value) : undefined;
    if (known !== undefined) return known;
    const name = `k${this.slots.length}`;
    this.slots.push(value);
    if (isShared) this.slotNames.set(value, name);
    return name;
  }

  /** Awaits a variable's value where it is a Promise; the program becomes async. */
  settle(name: string): void {
    this.isAsync = true;
    this.line(`if (${name} instanceof Promise) ${name} = await ${name};`);
  }

  /** Emits a condition of an implicit AND list: runs `otherwise` unless it is true. */
  require(expr: Expression, otherwise: string): void {
    if (expr.kind === 'BoolExpr' && expr.op === 'and') {
      for (const arg of expr.args) this.require(arg, otherwise);
      return;
    }
    const operand = this.emit(expr);
    this.line(operand.nullable ? `if (${operand.code} !== true) ${otherwise}` : `if (!${operand.code}) ${otherwise}`);
  }

  /** Closes the function: `parameters` and the lines emitted so far become its body. */
  finish<F>(parameters: string): Program<F> {
    const body = `${this.isAsync ? 'async ' : ''}function(${parameters}) {\n${this.lines.join('\n')}\n}`;
    return {
      run: factoryOf(body, this.slots.length)(this.slots) as F,
      isAsync: this.isAsync,
      initParams: [...this.initParams],
    };
  }
}

/** A compiled function with what must be ready before it runs. */
export interface Program<F> {
  readonly run: F;
  /** The function returns a Promise. */
  readonly isAsync: boolean;
  /** Exec parameters set by initplans that it may read: see RunState.ensureInit. */
  readonly initParams: readonly number[];
}

type Factory = (slots: readonly unknown[]) => unknown;

/** Compiled functions by their source: statements of one shape share code that the engine has optimised already. */
const factories = new Map<string, Factory>();
const factoriesMax = 5000;

function factoryOf(body: string, slotCount: number): Factory {
  const known = factories.get(body);
  if (known !== undefined) return known;
  const names = Array.from({ length: slotCount }, (_, n) => `k${n} = k[${n}]`);
  const preamble = names.length === 0 ? '' : `const ${names.join(', ')};\n`;
  let factory: Factory;
  try {
    factory = new Function('k', `${preamble}return ${body};`) as Factory;
  } catch (error) {
    if (error instanceof RangeError) throw new PgError(SqlState.statementTooComplex, 'stack depth limit exceeded');
    throw error;
  }
  if (factories.size >= factoriesMax) {
    const oldest = factories.keys().next();
    if (oldest.done !== true) factories.delete(oldest.value);
  }
  factories.set(body, factory);
  return factory;
}
