// The names that a place in a function sees: blocks within each other, innermost first, each with its label and its
// variables. Scopes are never changed: a declaration makes a longer one, so a piece of SQL keeps those of its place.

export type Scope = ScopeItem | null;

export type ScopeItem =
  | { readonly kind: 'variable'; readonly name: string; readonly datum: number; readonly outer: Scope }
  /** The start of a block or loop; the function's own name is the outermost label. */
  | {
      readonly kind: 'label';
      readonly name: string;
      readonly type: 'block' | 'loop' | 'other';
      readonly outer: Scope;
    };

/** A name that was found: the variable, and how many of the given names it used up. */
export interface Found {
  readonly datum: number;
  readonly nameCount: number;
}

/**
 * Finds a, a.b or a.b.c: a variable, a variable of a labelled block, or, where a variable is a record, one of its fields
 * (then not all names are used up). `localOnly` looks in the innermost block alone.
 */
export function findName(scope: Scope, names: readonly string[], localOnly = false): Found | null {
  const [first, second] = names;
  let item = scope;
  while (item !== null) {
    // The variables of one block stand before its label.
    let level: Scope = item;
    while (level !== null && level.kind === 'variable') {
      if (level.name === first) return { datum: level.datum, nameCount: 1 };
      level = level.outer;
    }
    if (level === null || localOnly) return null;
    if (level.name === first && second !== undefined) {
      for (let member: Scope = item; member !== level && member !== null; member = member.outer) {
        if (member.kind === 'variable' && member.name === second) return { datum: member.datum, nameCount: 2 };
      }
    }
    item = level.outer;
  }
  return null;
}

/** The block or loop that bears a label; null where none around does. */
export function findLabel(scope: Scope, name: string): Extract<ScopeItem, { kind: 'label' }> | null {
  for (let item = scope; item !== null; item = item.outer) {
    if (item.kind === 'label' && item.name === name) return item;
  }
  return null;
}

/** True within any loop. */
export function isInLoop(scope: Scope): boolean {
  for (let item = scope; item !== null; item = item.outer) {
    if (item.kind === 'label' && item.type === 'loop') return true;
  }
  return false;
}
