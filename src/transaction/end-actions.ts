// What runs when a transaction ends. Actions registered in a subtransaction that is rolled back run (afterRollback) or
// are forgotten (the others) then.

interface EndAction {
  readonly when: 'beforeCommit' | 'afterCommit' | 'afterRollback';
  readonly run: () => void | Promise<void>;
}

export class EndActions {
  private actions: EndAction[] = [];

  beforeCommit(run: () => Promise<void>): void {
    this.actions.push({ when: 'beforeCommit', run });
  }

  afterCommit(run: () => void): void {
    this.actions.push({ when: 'afterCommit', run });
  }

  afterRollback(run: () => void): void {
    this.actions.push({ when: 'afterRollback', run });
  }

  mark(): number {
    return this.actions.length;
  }

  get isEmpty(): boolean {
    return this.actions.length === 0;
  }

  /** In order; an action may register further ones, which run too. */
  async runBeforeCommit(): Promise<void> {
    for (let index = 0; index < this.actions.length; index++) {
      const action = this.actions[index];
      if (action?.when === 'beforeCommit') await action.run();
    }
  }

  runAfterCommit(): void {
    this.run('afterCommit', this.actions);
  }

  runAfterRollback(): void {
    this.run('afterRollback', this.actions);
  }

  /** The subtransaction begun at `mark` is undone. */
  rollBackTo(mark: number): void {
    this.run('afterRollback', this.actions.splice(mark));
  }

  private run(when: EndAction['when'], actions: readonly EndAction[]): void {
    for (const action of actions) if (action.when === when) void action.run();
  }
}
