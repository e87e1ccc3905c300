// What the rewriter needs beside the query.
import type { Catalog } from '../catalog/api.js';

export interface RewriteContext {
  readonly catalog: Catalog;
}
