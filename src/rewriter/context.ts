// What the rewriter needs beside the query.
import type { Catalog } from '../catalog/api.js';

export interface RewriteContext {
  readonly catalog: Catalog;
  /** Only what the query reads is asked for; it need not be ready to be read. */
  readonly isForLocks?: boolean;
}
