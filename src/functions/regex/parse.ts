// Reads PostgreSQL's regular expressions: advanced (ARE, the default), extended (ERE) and basic (BRE), with embedded
// options ((?i)...), directors (***=), bracket expressions, escapes and quantifiers. Errors: 2201B in PostgreSQL's words.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { PgError } from '../../errors/pg-error.js';
import { preferenceOf } from './ast.js';
import type { CharacterSet, Preference, Regex, RegexFlags, RegexNode } from './ast.js';
import { parseBrackets } from './brackets.js';
import { classEscapes, readCharacterEscape } from './escapes.js';
import { PatternReader } from './pattern-reader.js';

export interface RegexOptions {
  readonly flavour: 'advanced' | 'extended' | 'basic' | 'literal';
  readonly ignoreCase: boolean;
  readonly newlineStops: boolean;
  readonly newlineAnchors: boolean;
  /** Ignore white space and comments in the pattern. */
  readonly expanded: boolean;
}

/** Largest count in a quantifier. */
const repeatMax = 255;
/** Nesting beyond which a pattern is refused rather than the stack exhausted. */
const depthMax = 2000;

export function regexError(detail: string): PgError {
  return pgError(SqlState.invalidRegularExpression, `invalid regular expression: ${detail}`);
}

/** Parses a pattern. Throws 2201B. */
export function parseRegex(pattern: string, options: RegexOptions): Regex {
  const prepared = applyPrefix(pattern, options);
  const parser = new Parser(new PatternReader(prepared.text, prepared.options.expanded), prepared.options);
  const { flavour, expanded, newlineStops, newlineAnchors } = options;
  if (flavour === 'literal' && (expanded || newlineStops || newlineAnchors)) {
    throw regexError('invalid argument to regex function');
  }
  const root = prepared.options.flavour === 'literal' ? literalNode(prepared.text) : parser.parseAll();
  const flags: RegexFlags = {
    ignoreCase: prepared.options.ignoreCase,
    newlineStops: prepared.options.newlineStops,
    newlineAnchors: prepared.options.newlineAnchors,
  };
  return { root, groupCount: parser.groupCount, hasBackrefs: parser.hasBackrefs, flags };
}

/** Directors (***: = ) and embedded options at the start of an ARE. */
function applyPrefix(pattern: string, given: RegexOptions): { readonly text: string; readonly options: RegexOptions } {
  let text = pattern;
  let options = given;
  if (options.flavour === 'literal') return { text, options };
  if (text.startsWith('***=')) return { text: text.slice(4), options: { ...options, flavour: 'literal' } };
  if (text.startsWith('***:')) {
    text = text.slice(4);
    options = { ...options, flavour: 'advanced' };
  } else if (text.startsWith('***')) {
    throw regexError('quantifier operand invalid');
  }
  const embedded = options.flavour === 'advanced' ? /^\(\?([a-z]+)\)/i.exec(text) : null;
  if (!embedded) return { text, options };
  for (const letter of embedded[1] ?? '') {
    const changed = withOption(options, letter);
    if (changed === null) throw regexError('invalid embedded option');
    options = changed;
  }
  return { text: text.slice(embedded[0].length), options };
}

/** The options with one letter applied, of embedded options or of the functions' flags argument; null for a letter that
 *  is none. */
export function withOption(options: RegexOptions, letter: string): RegexOptions | null {
  switch (letter) {
    case 'b':
      return { ...options, flavour: 'basic' };
    case 'c':
      return { ...options, ignoreCase: false };
    case 'e':
      return { ...options, flavour: 'extended' };
    case 'i':
      return { ...options, ignoreCase: true };
    case 'm':
    case 'n':
      return { ...options, newlineStops: true, newlineAnchors: true };
    case 'p':
      return { ...options, newlineStops: true, newlineAnchors: false };
    case 'q':
      return { ...options, flavour: 'literal' };
    case 's':
      return { ...options, newlineStops: false, newlineAnchors: false };
    case 't':
      return { ...options, expanded: false };
    case 'w':
      return { ...options, newlineStops: false, newlineAnchors: true };
    case 'x':
      return { ...options, expanded: true };
    default:
      return null;
  }
}

function literalNode(text: string): RegexNode {
  const items = [...text].map((character) => oneCharacter(character.codePointAt(0) ?? 0));
  return concat(items);
}

function oneCharacter(code: number): CharacterSet {
  return { kind: 'set', ranges: [[code, code]], classes: [], notClasses: [], negated: false };
}

/** Items in a row; their preference is that of the first one that has any. */
function concat(items: readonly RegexNode[]): RegexNode {
  const [only] = items;
  if (items.length === 0) return { kind: 'empty' };
  if (items.length === 1 && only) return only;
  let preference: Preference = 'none';
  for (const item of items) {
    preference = preferenceOf(item);
    if (preference !== 'none') break;
  }
  return { kind: 'concat', items, preference };
}

class Parser {
  groupCount = 0;
  hasBackrefs = false;
  private depth = 0;
  /** Look-around constraints that the reader stands in. */
  private lookDepth = 0;

  constructor(
    private readonly reader: PatternReader,
    private readonly options: RegexOptions,
  ) {}

  parseAll(): RegexNode {
    const node = this.parseAlternatives();
    if (!this.reader.atEnd) throw regexError('parentheses () not balanced');
    return node;
  }

  private get isBasic(): boolean {
    return this.options.flavour === 'basic';
  }

  private get isAdvanced(): boolean {
    return this.options.flavour === 'advanced';
  }

  private parseAlternatives(): RegexNode {
    if (++this.depth > depthMax) throw regexError('regular expression is too complex');
    const branches = [this.parseBranch()];
    while (!this.isBasic && this.reader.take('|')) branches.push(this.parseBranch());
    this.depth--;
    const [only] = branches;
    return branches.length === 1 && only ? only : { kind: 'alternate', branches };
  }

  private parseBranch(): RegexNode {
    const items: RegexNode[] = [];
    while (!this.reader.atEnd && !this.atBranchEnd()) {
      items.push(this.parseQuantified(items.length === 0));
    }
    return concat(items);
  }

  private atBranchEnd(): boolean {
    if (this.isBasic) return this.reader.sees('\\)');
    return this.reader.sees('|') || (this.reader.sees(')') && this.depth > 1) || this.isStrayClose();
  }

  /** In ERE and ARE a lone ) closes nothing: an error, found by parseAll. */
  private isStrayClose(): boolean {
    return this.reader.sees(')') && this.depth === 1;
  }

  private parseQuantified(isFirst: boolean): RegexNode {
    const atom = this.parseAtom(isFirst);
    const isConstraint = atom.kind === 'assert' || atom.kind === 'look';
    if (isConstraint && this.seesQuantifier()) throw regexError('quantifier operand invalid');
    const hasComma = /^\\?\{\d+,/.test(this.reader.rest());
    const bounds = this.parseQuantifier();
    if (!bounds) return atom;
    const shortest = this.isAdvanced && this.reader.take('?');
    if (this.parseQuantifier()) throw regexError('quantifier operand invalid');
    const [min, max] = bounds;
    const isFixed = min === max;
    // {n} has no choice of its own and {1} is no quantifier at all; what is inside decides. {n,n} chooses.
    const own = shortest ? 'shortest' : 'longest';
    const inner = preferenceOf(atom);
    if (isFixed && min === 1 && (!hasComma ? !shortest : inner === 'none' || inner === own)) return atom;
    const preference: Preference = isFixed && inner === 'none' ? 'none' : own;
    return { kind: 'repeat', item: atom, min, max, preference };
  }

  private seesQuantifier(): boolean {
    const { reader } = this;
    if (this.isBasic) return reader.sees('*') || reader.sees('\\{');
    return reader.sees('*') || reader.sees('+') || reader.sees('?') || /^\{\d/.test(reader.rest());
  }

  private parseQuantifier(): readonly [number, number] | null {
    const { reader } = this;
    if (this.isBasic) {
      if (reader.take('*')) return [0, Number.POSITIVE_INFINITY];
      return reader.take('\\{') ? this.parseBounds('\\}') : null;
    }
    if (reader.take('*')) return [0, Number.POSITIVE_INFINITY];
    if (reader.take('+')) return [1, Number.POSITIVE_INFINITY];
    if (reader.take('?')) return [0, 1];
    if (/^\{\d/.test(reader.rest())) {
      reader.take('{');
      return this.parseBounds('}');
    }
    return null;
  }

  private parseBounds(close: string): readonly [number, number] {
    const { reader } = this;
    const match = /^(\d+)(,(\d*))?/.exec(reader.rest());
    if (!match) throw regexError('invalid repetition count(s)');
    reader.skip(match[0].length);
    if (!reader.take(close)) throw regexError(reader.atEnd ? 'braces {} not balanced' : 'invalid repetition count(s)');
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > repeatMax || (max !== Number.POSITIVE_INFINITY && max > repeatMax) || min > max) {
      throw regexError('invalid repetition count(s)');
    }
    return [min, max];
  }

  private parseAtom(isFirst: boolean): RegexNode {
    const { reader } = this;
    if (this.isBasic) return this.parseBasicAtom(isFirst);
    if (reader.sees('(')) return this.parseParenthesis();
    if (reader.take('[')) return this.brackets();
    if (reader.take('.')) return this.anyCharacter();
    if (reader.take('^')) return { kind: 'assert', at: this.options.newlineAnchors ? 'lineStart' : 'textStart' };
    if (reader.take('$')) return { kind: 'assert', at: this.options.newlineAnchors ? 'lineEnd' : 'textEnd' };
    if (reader.sees('\\')) return this.parseEscape();
    if (reader.sees('*') || reader.sees('+') || reader.sees('?')) throw regexError('quantifier operand invalid');
    if (/^\{\d/.test(reader.rest())) throw regexError('quantifier operand invalid');
    return oneCharacter(reader.next());
  }

  private parseBasicAtom(isFirst: boolean): RegexNode {
    const { reader } = this;
    if (reader.take('\\(')) {
      const group = ++this.groupCount;
      const item = this.parseAlternatives();
      if (!reader.take('\\)')) throw regexError('parentheses () not balanced');
      return { kind: 'capture', item, group };
    }
    if (reader.take('[')) return this.brackets();
    if (reader.take('.')) return this.anyCharacter();
    if (isFirst && reader.take('^'))
      return { kind: 'assert', at: this.options.newlineAnchors ? 'lineStart' : 'textStart' };
    if (reader.sees('$') && (reader.rest().length === 1 || reader.rest().startsWith('$\\)'))) {
      reader.take('$');
      return { kind: 'assert', at: this.options.newlineAnchors ? 'lineEnd' : 'textEnd' };
    }
    if (reader.sees('\\')) {
      reader.take('\\');
      if (reader.atEnd) throw regexError('invalid escape \\ sequence');
      const digit = /^[1-9]/.exec(reader.rest());
      if (digit) return this.backref(Number(digit[0]), 1);
      if (reader.take('<')) return { kind: 'assert', at: 'wordStart' };
      if (reader.take('>')) return { kind: 'assert', at: 'wordEnd' };
      return oneCharacter(reader.next());
    }
    return oneCharacter(reader.next());
  }

  private parseParenthesis(): RegexNode {
    const { reader } = this;
    reader.take('(');
    if (this.isAdvanced && reader.take('?')) {
      if (reader.take(':')) {
        const item = this.closeGroup(null);
        // A constraint in parentheses is a part like others, which may be repeated.
        const isConstraint = item.kind === 'assert' || item.kind === 'look';
        return isConstraint ? { kind: 'concat', items: [item], preference: 'none' } : item;
      }
      const behind = reader.sees('<');
      if (behind) reader.take('<');
      const negative = reader.sees('!');
      if (!reader.take('!') && !reader.take('=')) throw regexError('quantifier operand invalid');
      this.lookDepth++;
      const item = this.closeGroup(null);
      this.lookDepth--;
      return { kind: 'look', item, behind, negative };
    }
    return this.closeGroup(++this.groupCount);
  }

  private closeGroup(group: number | null): RegexNode {
    const item = this.parseAlternatives();
    if (!this.reader.take(')')) throw regexError('parentheses () not balanced');
    return group === null ? item : { kind: 'capture', item, group };
  }

  private brackets(): RegexNode {
    const parsed = parseBrackets(this.reader, this.isAdvanced);
    if (parsed.kind === 'set' && parsed.negated && this.options.newlineStops) {
      return { ...parsed, ranges: [...parsed.ranges, [10, 10]] };
    }
    return parsed;
  }

  private anyCharacter(): CharacterSet {
    const ranges: readonly (readonly [number, number])[] = this.options.newlineStops ? [[10, 10]] : [];
    return { kind: 'set', ranges, classes: [], notClasses: [], negated: true };
  }

  private parseEscape(): RegexNode {
    const { reader } = this;
    reader.take('\\');
    if (reader.atEnd) throw regexError('invalid escape \\ sequence');
    if (!this.isAdvanced) return oneCharacter(reader.next());
    const letter = reader.peek();
    const classEscape = classEscapes[letter];
    if (classEscape) {
      reader.next();
      return this.classSet(classEscape.name, classEscape.negated);
    }
    const assertion = assertionEscapes[letter];
    if (assertion) {
      reader.next();
      return { kind: 'assert', at: assertion };
    }
    const digits = /^[1-9]\d*/.exec(reader.rest())?.[0];
    if (digits) {
      // One digit is always a back reference; several only where there are that many groups so far.
      if (digits.length === 1 || Number(digits) <= this.groupCount) return this.backref(Number(digits), digits.length);
    }
    return oneCharacter(readCharacterEscape(reader));
  }

  private classSet(name: CharacterSet['classes'][number], negated: boolean): CharacterSet {
    const isNewlineMatch = negated && this.options.newlineStops && name !== 'space';
    return { kind: 'set', ranges: isNewlineMatch ? [[10, 10]] : [], classes: [name], notClasses: [], negated };
  }

  private backref(group: number, length: number): RegexNode {
    this.reader.skip(length);
    if (group > this.groupCount || this.lookDepth > 0) throw regexError('invalid backreference number');
    this.hasBackrefs = true;
    return { kind: 'backref', group };
  }
}

const assertionEscapes: Readonly<Record<string, Extract<RegexNode, { kind: 'assert' }>['at'] | undefined>> =
  Object.assign(Object.create(null), {
    A: 'textStart',
    Z: 'textEnd',
    m: 'wordStart',
    M: 'wordEnd',
    y: 'wordBoundary',
    Y: 'notWordBoundary',
  });
