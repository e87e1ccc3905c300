// Errors without a position: PostgreSQL binds the expressions of ALTER TABLE and of domains when the statement's text is
// no longer at hand, so that its errors name no place in it. USING of ALTER COLUMN TYPE is bound before.
import { PgError } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';

/** The context with a corridor whose expression errors carry no position. */
export function withoutPositions(context: CommandContext): CommandContext {
  const { corridor } = context;
  return {
    ...context,
    corridor: {
      ...corridor,
      analyzeExpression(expression, scope, sourceText) {
        try {
          return corridor.analyzeExpression(expression, scope, sourceText);
        } catch (error) {
          if (!(error instanceof PgError) || scope.use === 'alterColumnUsing') throw error;
          const { location: _location, position: _position, ...fields } = error.fields;
          error.fields = fields;
          throw error;
        }
      },
    },
  };
}
