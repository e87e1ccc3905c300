// Cycles in the graph of transactions. They lie within its strongly connected components (Tarjan, 1972), so that only
// these are searched; long histories have many transactions and, where all is well, no component of more than one.

/** ww: a version follows another's; wr: a version was read; rw: what was read was followed by another version. */
export type Step = 'ww' | 'wr' | 'rw';
/** From a transaction to those that depend on it. */
export type Edges = Map<number, Map<number, Step>>;

/** A cycle of such steps, the first transaction again at its end; null where there is none. */
export function anyCycle(edges: Edges, steps: readonly Step[]): readonly number[] | null {
  const component = componentsOf(edges, steps);
  for (const [from, to] of edgesOf(edges, steps)) {
    if (component.get(from) !== component.get(to)) continue;
    const back = path(edges, steps, component, to, from);
    if (back !== null) return [from, ...back];
  }
  return null;
}

/** The rw steps that lie on cycles, each with the shortest way back without another rw step, or else with any steps.
 *  At most `countMax` of each kind. */
export function cyclesOfReads(edges: Edges, countMax: number): { single: number[][]; others: number[][] } {
  const all: readonly Step[] = ['ww', 'wr', 'rw'];
  const component = componentsOf(edges, all);
  const single: number[][] = [];
  const others: number[][] = [];
  for (const [from, to] of edgesOf(edges, ['rw'])) {
    if (component.get(from) !== component.get(to)) continue;
    if (single.length >= countMax && others.length >= countMax) break;
    const plain = path(edges, ['ww', 'wr'], component, to, from);
    const back = plain ?? path(edges, all, component, to, from);
    const found = plain === null ? others : single;
    if (back !== null && found.length < countMax) found.push([from, ...back]);
  }
  return { single, others };
}

function* edgesOf(edges: Edges, steps: readonly Step[]): Generator<readonly [number, number]> {
  for (const [from, following] of edges) {
    for (const [to, step] of following) if (steps.includes(step)) yield [from, to];
  }
}

/** The shortest way within a component; null where there is none. */
function path(
  edges: Edges,
  steps: readonly Step[],
  component: ReadonlyMap<number, number>,
  from: number,
  to: number,
): number[] | null {
  const cameFrom = new Map<number, number | null>([[from, null]]);
  // A map's keys are visited in the order they came, those that come meanwhile too: the queue of a breadth-first search.
  for (const id of cameFrom.keys()) {
    if (id === to) {
      const way = [];
      for (let at: number | null = to; at !== null; at = cameFrom.get(at) ?? null) way.unshift(at);
      return way;
    }
    for (const next of successors(edges, steps, id)) {
      if (!cameFrom.has(next) && component.get(next) === component.get(from)) cameFrom.set(next, id);
    }
  }
  return null;
}

interface Visit {
  readonly id: number;
  readonly next: number[];
}

/** The component of each transaction, as a number. Without recursion: chains are as long as the history. */
function componentsOf(edges: Edges, steps: readonly Step[]): Map<number, number> {
  const component = new Map<number, number>();
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const visits: Visit[] = [];
  const enter = (id: number) => {
    order.set(id, order.size);
    low.set(id, order.get(id) ?? 0);
    open.push(id);
    visits.push({ id, next: successors(edges, steps, id) });
  };
  const lower = (id: number, to: number) => low.set(id, Math.min(low.get(id) ?? to, to));
  for (const start of edges.keys()) {
    if (!order.has(start)) enter(start);
    for (let top = visits.at(-1); top !== undefined; top = visits.at(-1)) {
      const { id } = top;
      const next = top.next.pop();
      if (next !== undefined) {
        if (!order.has(next)) enter(next);
        else if (!component.has(next)) lower(id, order.get(next) ?? 0);
        continue;
      }
      visits.pop();
      const above = visits.at(-1);
      if (above !== undefined) lower(above.id, low.get(id) ?? 0);
      if (low.get(id) !== order.get(id)) continue;
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        component.set(member, id);
        if (member === id) break;
      }
    }
  }
  return component;
}

function successors(edges: Edges, steps: readonly Step[], id: number): number[] {
  return [...(edges.get(id) ?? [])].filter(([, step]) => steps.includes(step)).map(([other]) => other);
}
