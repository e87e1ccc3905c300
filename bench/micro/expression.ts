// Times compiled expressions over one row: what a filter or a target list costs before batches and kernels help.
import { bench, constant, contextOf, int4, int8, op, text, variable } from '../../src/executor/test-bench.js';
import { rowExpression } from '../../src/executor/evaluate.js';
import type { Expression } from '../../src/trees/expression.js';
import type { Row } from '../../src/types/value.js';
import { perCall, report } from './figures.js';

const rows = 1024;

/** Prints nanoseconds of one evaluation. */
export async function measureExpressions(): Promise<void> {
  const b = await bench();
  const [a, big, name] = [variable(1, 1, int4), variable(1, 2, int8), variable(1, 3, text)];
  const expressions: Readonly<Record<string, Expression>> = {
    'int4 + const > const': op(b, '>', op(b, '+', a, constant(int4, 1), int4), constant(int4, 500)),
    'int8 * int8': op(b, '*', big, big, int8),
    "text ~~ '%abc%'": op(b, '~~', name, constant(text, '%abc%')),
    'text = const': op(b, '=', name, constant(text, 'name 17')),
  };
  const data: Row[] = Array.from({ length: rows }, (_, id) => [id, BigInt(id) * 1000n, `name ${id}`]);
  const context = contextOf(b);
  for (const [label, expression] of Object.entries(expressions)) {
    const compiled = rowExpression(expression, context);
    report(
      label,
      perCall((index) => void compiled.evaluate(data[index % rows] ?? [])),
      'ns',
    );
  }
}
