// Regular expressions as trees, whatever flavour they were written in (manual, section 9.7.3). Quantifiers carry their
// preference: PostgreSQL matches the longest or the shortest text that a part can, not the first alternative that fits.

export type RegexNode =
  | { readonly kind: 'empty' }
  | CharacterSet
  | { readonly kind: 'concat'; readonly items: readonly RegexNode[]; readonly preference: Preference }
  | { readonly kind: 'alternate'; readonly branches: readonly RegexNode[] }
  | {
      readonly kind: 'repeat';
      readonly item: RegexNode;
      readonly min: number;
      /** Infinity: no limit. */
      readonly max: number;
      readonly preference: Preference;
    }
  | { readonly kind: 'capture'; readonly item: RegexNode; readonly group: number }
  | { readonly kind: 'backref'; readonly group: number }
  | { readonly kind: 'assert'; readonly at: Assertion }
  | { readonly kind: 'look'; readonly item: RegexNode; readonly behind: boolean; readonly negative: boolean };

/** none: the part matches one length only, or takes its preference from what is around it. */
export type Preference = 'longest' | 'shortest' | 'none';

export type Assertion =
  | 'lineStart'
  | 'lineEnd'
  | 'textStart'
  | 'textEnd'
  | 'wordStart'
  | 'wordEnd'
  | 'wordBoundary'
  | 'notWordBoundary';

/** One character out of a set of code points. */
export interface CharacterSet {
  readonly kind: 'set';
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /** POSIX and Perl classes, resolved when matching: alpha, digit, space, ... */
  readonly classes: readonly CharacterClass[];
  /** Complemented classes within the brackets ([\D]). */
  readonly notClasses: readonly CharacterClass[];
  readonly negated: boolean;
}

export type CharacterClass =
  | 'alnum'
  | 'alpha'
  | 'ascii'
  | 'blank'
  | 'cntrl'
  | 'digit'
  | 'graph'
  | 'lower'
  | 'print'
  | 'punct'
  | 'space'
  | 'upper'
  | 'xdigit'
  | 'word';

export const characterClasses: readonly CharacterClass[] = [
  'alnum',
  'alpha',
  'ascii',
  'blank',
  'cntrl',
  'digit',
  'graph',
  'lower',
  'print',
  'punct',
  'space',
  'upper',
  'xdigit',
  'word',
];

export interface Regex {
  readonly root: RegexNode;
  /** Number of capturing groups. */
  readonly groupCount: number;
  readonly hasBackrefs: boolean;
  readonly flags: RegexFlags;
}

export interface RegexFlags {
  readonly ignoreCase: boolean;
  /** Newline is no ordinary character: . and [^] do not match it / ^ and $ match around it. */
  readonly newlineStops: boolean;
  readonly newlineAnchors: boolean;
}

/** What kind of length a part prefers: that of its first quantified piece; alternatives are always longest. */
export function preferenceOf(node: RegexNode): Preference {
  switch (node.kind) {
    case 'concat':
    case 'repeat':
      return node.preference;
    case 'alternate':
      return 'longest';
    case 'capture':
      return preferenceOf(node.item);
    default:
      return 'none';
  }
}
