// How often a session's functions were called and how long they took (track_functions): gathered as the counters of
// relations are. A call's own time is without those that it made itself; one that fails counts for nothing.

/** Counters of one function; times in milliseconds. */
export interface FunctionCounts {
  functionCalls: number;
  functionTotalTime: number;
  functionSelfTime: number;
}

export class FunctionStatistics {
  private readonly functions = new Map<number, FunctionCounts>();
  /** Time of all calls so far that ended, each with those within it. */
  private spent = 0;

  /** A call begins; what is returned is called when it has succeeded. */
  begin(oid: number): () => void {
    const counts = this.of(oid);
    const { functionTotalTime } = counts;
    const spentBefore = this.spent;
    const start = performance.now();
    return () => {
      const elapsed = performance.now() - start;
      const inside = this.spent - spentBefore;
      this.spent = spentBefore + elapsed;
      counts.functionCalls += 1;
      // Calls of itself have added their part of the same time.
      counts.functionTotalTime = functionTotalTime + elapsed;
      counts.functionSelfTime += elapsed - inside;
    };
  }

  /** What is not added to the process's counters yet; null for a function that was not called. */
  pending(oid: number): FunctionCounts | null {
    return this.functions.get(oid) ?? null;
  }

  /** Everything gathered, which is forgotten here. */
  *take(): Iterable<[oid: number, counts: FunctionCounts]> {
    yield* this.functions;
    this.functions.clear();
  }

  private of(oid: number): FunctionCounts {
    let counts = this.functions.get(oid);
    if (counts === undefined) {
      counts = { functionCalls: 0, functionTotalTime: 0, functionSelfTime: 0 };
      this.functions.set(oid, counts);
    }
    return counts;
  }
}
