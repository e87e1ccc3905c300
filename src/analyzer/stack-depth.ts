// A limit on how deeply expressions nest, so that hostile texts end in PostgreSQL's error and not in an exhausted stack.
import { pgError, SqlState } from '../errors/pg-error.js';
import { expressionDepthMax } from '../base/limits.js';

let depth = 0;

/** Counts the nesting of recursive analysis on this worker (the analyzer runs without interruption). */
export const stateDepth = {
  enter(): void {
    if (++depth > expressionDepthMax) {
      depth--;
      throw pgError(SqlState.statementTooComplex, 'stack depth limit exceeded', {
        hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
      });
    }
  },
  leave(): void {
    depth--;
  },
};
