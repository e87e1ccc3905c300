// What SET, SET LOCAL, savepoints and the ends of transactions do to a session's own values (manual, SET).
//
// Each nesting level remembers, for every setting changed in it, the value to return to:
// - a rollback returns to it;
// - a commit of the level keeps what SET made and takes back what SET LOCAL made, at the transaction's end; a released
//   savepoint hands its memory to the level above instead.

/** What was done to one setting in one level. `masked`: the value of a SET that a later SET LOCAL covers. */
interface Change<T> {
  readonly prior: T | undefined;
  readonly kind: 'set' | 'local' | 'setThenLocal';
  readonly masked: T | undefined;
}

export class SettingStack<T> {
  private readonly levels: Map<string, Change<T>>[] = [];

  /** `restore` puts a value back: undefined means that the session has none of its own. */
  constructor(private readonly restore: (name: string, value: T | undefined) => void) {}

  get depth(): number {
    return this.levels.length;
  }

  /** Nothing was changed in any open level. */
  get isUnchanged(): boolean {
    return this.levels.every((level) => level.size === 0);
  }

  begin(): void {
    this.levels.push(new Map());
  }

  /** Called before a change; `current` is the session's value so far. */
  note(name: string, current: T | undefined, local: boolean): void {
    const level = this.levels.at(-1);
    if (level === undefined) return;
    const before = level.get(name);
    if (before === undefined) {
      level.set(name, { prior: current, kind: local ? 'local' : 'set', masked: undefined });
    } else if (!local) {
      level.set(name, { prior: before.prior, kind: 'set', masked: undefined });
    } else if (before.kind === 'set') {
      level.set(name, { prior: before.prior, kind: 'setThenLocal', masked: current });
    }
  }

  /** The innermost level is undone. */
  rollback(): void {
    for (const [name, change] of this.levels.pop() ?? []) this.restore(name, change.prior);
  }

  /** The innermost level ends well: the transaction, or a savepoint into the level above. */
  commit(): void {
    const level = this.levels.pop();
    const outer = this.levels.at(-1);
    for (const [name, change] of level ?? []) {
      if (outer === undefined) {
        if (change.kind === 'local') this.restore(name, change.prior);
        else if (change.kind === 'setThenLocal') this.restore(name, change.masked);
      } else {
        outer.set(name, merge(outer.get(name), change));
      }
    }
  }
}

function merge<T>(outer: Change<T> | undefined, inner: Change<T>): Change<T> {
  if (outer === undefined) return inner;
  const { prior } = outer;
  switch (inner.kind) {
    case 'set':
      return { prior, kind: 'set', masked: undefined };
    case 'setThenLocal':
      return { prior, kind: 'setThenLocal', masked: inner.masked };
    case 'local':
      return outer.kind === 'set' ? { prior, kind: 'setThenLocal', masked: inner.prior } : outer;
  }
}
