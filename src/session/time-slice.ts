// How long a session has held its worker's event loop: once its slice is over, the others get their turn.

export class TimeSlice {
  private startedAt = performance.now();

  /** A promise to await where the slice is over; the next slice starts when it resolves. */
  yieldIfOver(sliceMs: number): Promise<void> | undefined {
    if (performance.now() - this.startedAt < sliceMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.startedAt = performance.now();
        resolve();
      });
    });
  }

  /** The session has just waited for something: its slice starts anew. */
  restart(): void {
    this.startedAt = performance.now();
  }
}
