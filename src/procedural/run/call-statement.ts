// CALL within a function, with its output arguments put into variables; DO within a function.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallStatement } from '../tree.js';
import { assign } from './assign.js';
import type { CompiledFunction } from './compiled-function.js';
import { SqlExpression } from './expression.js';
import { next, type Step } from './frame.js';

export function compileCall(fn: CompiledFunction, { sql }: CallStatement): Step {
  const call = new SqlExpression(fn, sql);
  return async (frame) => {
    const prepared = call.ready(frame);
    const outputs = prepared.outputs ?? [];
    for (const { name, variable } of outputs) {
      if (variable !== null) continue;
      throw pgError(
        SqlState.syntaxError,
        `procedure parameter "${name}" is an output parameter but corresponding argument is not writable`,
      );
    }
    await fn.host.within(sql, async () => {
      const running = await prepared.open(frame, { mayEndTransaction: true });
      try {
        const [row] = (await running.next(1)) ?? [];
        if (row === undefined) return;
        for (const [index, { variable }] of outputs.entries()) {
          const column = running.columns[index];
          if (variable === null || column === undefined) continue;
          await assign(frame, variable, row[index] ?? null, column);
        }
      } finally {
        await running.close();
      }
    });
    return next;
  };
}
