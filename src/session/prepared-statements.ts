// A session's prepared statements by name.
import type { PreparedStatement } from './prepared-statement.js';

/** A map that tells of each name that is gone from it. */
export class PreparedStatements extends Map<string, PreparedStatement> {
  constructor(private readonly gone: (name: string) => void) {
    super();
  }

  override delete(name: string): boolean {
    const was = super.delete(name);
    if (was) this.gone(name);
    return was;
  }

  override clear(): void {
    for (const name of [...this.keys()]) this.delete(name);
  }
}
