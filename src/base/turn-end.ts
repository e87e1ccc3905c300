// What is done once, at the end of the event loop's turn: the messages of many clients come in one turn, and what their
// statements hand on (commits to the writer, replies to the kernel) wakes others, who then compete for the same cores.
// Commits go first: the disk can work while the replies are sent.

export type TurnEndOrder = 'first' | 'last';

let first: (() => void)[] = [];
let last: (() => void)[] = [];
let isInTurn = false;

/** Runs the action at the end of this turn. It must not throw. */
export function atTurnEnd(order: TurnEndOrder, action: () => void): void {
  if (!isInTurn && first.length === 0 && last.length === 0) setImmediate(runActions);
  (order === 'first' ? first : last).push(action);
}

/** Runs what one turn consists of, and its end right after it. */
export function runTurn(action: () => void): void {
  isInTurn = true;
  try {
    action();
  } finally {
    isInTurn = false;
    runActions();
  }
}

function runActions(): void {
  const actions = first.concat(last);
  first = [];
  last = [];
  for (const action of actions) action();
}
