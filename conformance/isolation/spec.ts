// Reads an isolation spec: what to set up, the sessions with their named steps, and the interleavings (permutations) of
// those steps. Blocks of SQL stand in braces, which don't nest; `#` begins a comment; names are words or "quoted".
// A step of a permutation may carry marks in parentheses: see `Blocker`.

export interface Step {
  readonly name: string;
  readonly sql: string;
}

export interface SpecSession {
  readonly name: string;
  readonly setup: string | null;
  readonly steps: readonly Step[];
  readonly teardown: string | null;
}

/** When a launched step may be reported as completed:
 *  - `start` `(*)`: it counts as waiting at its launch, whatever it does;
 *  - `step` `(other)`: not while the other step runs;
 *  - `notices` `(other notices n)`: not before the other step's session has sent n more notices. */
export type Blocker =
  | { readonly kind: 'start' }
  | { readonly kind: 'step'; readonly step: string }
  | { readonly kind: 'notices'; readonly step: string; readonly count: number };

export interface PermutationStep {
  readonly name: string;
  readonly blockers: readonly Blocker[];
}

export interface Spec {
  /** Each runs as one string of statements. */
  readonly setups: readonly string[];
  readonly teardown: string | null;
  readonly sessions: readonly SpecSession[];
  /** Empty: all interleavings. */
  readonly permutations: readonly (readonly PermutationStep[])[];
}

/** The spec is none: with its line. */
export class SpecError extends Error {}

interface Token {
  readonly kind: 'word' | 'quoted' | 'number' | 'sql' | 'sign' | 'end';
  readonly text: string;
  readonly line: number;
}

/** Throws SpecError. */
export function parseSpec(text: string): Spec {
  const reader = new Reader(tokenize(text));
  const setups: string[] = [];
  while (reader.takeWord('setup')) setups.push(reader.take('sql'));
  const teardown = reader.takeWord('teardown') ? reader.take('sql') : null;
  const sessions: SpecSession[] = [];
  while (reader.takeWord('session')) sessions.push(parseSession(reader));
  const permutations: PermutationStep[][] = [];
  while (reader.takeWord('permutation')) permutations.push(parsePermutation(reader));
  reader.take('end');
  const spec = { setups, teardown, sessions, permutations };
  checkNames(spec);
  return spec;
}

function parseSession(reader: Reader): SpecSession {
  const name = reader.takeName();
  const setup = reader.takeWord('setup') ? reader.take('sql') : null;
  const steps: Step[] = [];
  while (reader.takeWord('step')) steps.push({ name: reader.takeName(), sql: reader.take('sql') });
  const teardown = reader.takeWord('teardown') ? reader.take('sql') : null;
  return { name, setup, steps, teardown };
}

function parsePermutation(reader: Reader): PermutationStep[] {
  const steps: PermutationStep[] = [];
  while (reader.isName()) {
    const name = reader.takeName();
    const blockers: Blocker[] = [];
    if (reader.takeSign('(')) {
      do blockers.push(parseBlocker(reader));
      while (reader.takeSign(','));
      reader.expectSign(')');
    }
    steps.push({ name, blockers });
  }
  return steps;
}

function parseBlocker(reader: Reader): Blocker {
  if (reader.takeSign('*')) return { kind: 'start' };
  const step = reader.takeName();
  if (!reader.takeWord('notices')) return { kind: 'step', step };
  return { kind: 'notices', step, count: Number(reader.take('number')) };
}

const keywords: ReadonlySet<string> = new Set(['setup', 'teardown', 'session', 'step', 'permutation', 'notices']);

class Reader {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  isName(): boolean {
    const { kind, text } = this.next();
    return kind === 'quoted' || (kind === 'word' && !keywords.has(text));
  }

  takeName(): string {
    if (!this.isName()) throw this.unexpected();
    return this.advance();
  }

  takeWord(word: string): boolean {
    return this.takeIf('word', word);
  }

  takeSign(sign: string): boolean {
    return this.takeIf('sign', sign);
  }

  expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw this.unexpected();
  }

  take(kind: Token['kind']): string {
    if (this.next().kind !== kind) throw this.unexpected();
    return this.advance();
  }

  private takeIf(kind: Token['kind'], text: string): boolean {
    const next = this.next();
    const isIt = next.kind === kind && next.text === text;
    if (isIt) this.advance();
    return isIt;
  }

  private next(): Token {
    return this.tokens[this.at] ?? { kind: 'end', text: '', line: 0 };
  }

  private advance(): string {
    const { text } = this.next();
    this.at++;
    return text;
  }

  private unexpected(): SpecError {
    const { kind, text, line } = this.next();
    return new SpecError(`syntax error at line ${line}: unexpected ${kind === 'end' ? 'end of file' : `"${text}"`}`);
  }
}

const patterns: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /(?:\s+|#[^\n]*)/y],
  // The blanks next to the braces are no part of the block, its line breaks are.
  ['sql', /\{[ \t\r\f]*([^}]*?)[ \t\r\f]*\}/y],
  ['quoted', /"((?:[^"\n]|"")*)"/y],
  ['word', /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y],
  ['number', /[0-9]+/y],
  ['sign', /[(),*]/y],
];

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const [kind, match] = matchAt(text, at);
    if (match === null) throw new SpecError(`syntax error at line ${line}: unexpected character "${text.charAt(at)}"`);
    const inner = match[1] ?? match[0];
    if (kind !== 'space') tokens.push({ kind, text: kind === 'quoted' ? inner.replaceAll('""', '"') : inner, line });
    line += match[0].split('\n').length - 1;
    at += match[0].length;
  }
  tokens.push({ kind: 'end', text: '', line });
  return tokens;
}

function matchAt(text: string, at: number): [Token['kind'] | 'space', RegExpExecArray | null] {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return [kind, match];
  }
  return ['end', null];
}

/** Step names are unique in the spec; marks name steps of the permutation, of other sessions. */
function checkNames(spec: Spec): void {
  const sessionOf = new Map<string, string>();
  for (const session of spec.sessions)
    for (const { name } of session.steps) {
      if (sessionOf.has(name)) throw new SpecError(`duplicate step name: ${name}`);
      sessionOf.set(name, session.name);
    }
  for (const permutation of spec.permutations)
    for (const { name, blockers } of permutation) {
      if (!sessionOf.has(name)) throw new SpecError(`undefined step "${name}" specified in permutation`);
      for (const blocker of blockers) {
        if (blocker.kind === 'start') continue;
        if (!permutation.some((other) => other.name === blocker.step))
          throw new SpecError(`undefined blocking step "${blocker.step}" referenced in permutation step "${name}"`);
        if (sessionOf.get(blocker.step) === sessionOf.get(name))
          throw new SpecError(`permutation step "${name}" cannot block on its own session`);
      }
    }
}

/** All interleavings of the sessions' steps, in the order of a depth-first walk by session. */
export function* allPermutations(spec: Spec): Generator<readonly PermutationStep[]> {
  const done = spec.sessions.map(() => 0);
  const path: PermutationStep[] = [];
  function* walk(): Generator<readonly PermutationStep[]> {
    let isWhole = true;
    for (const [index, session] of spec.sessions.entries()) {
      const count = done[index] ?? 0;
      const step = session.steps[count];
      if (step === undefined) continue;
      isWhole = false;
      done[index] = count + 1;
      path.push({ name: step.name, blockers: [] });
      yield* walk();
      path.pop();
      done[index] = count;
    }
    if (isWhole) yield [...path];
  }
  yield* walk();
}
