// Bound expressions kept in the catalogs as JSON (defaults, checks, index expressions and predicates), parsed once per
// worker and text, so that equal texts share one tree and the programs compiled for it.
import { expressionFromJson, expressionListFromJson } from '../trees/json.js';
import type { Expression } from '../trees/expression.js';

const entriesMax = 10_000;
const single = new Map<string, Expression>();
const lists = new Map<string, readonly Expression[]>();

/** The expression that the JSON holds. */
export function storedExpression(json: string): Expression {
  return cached(single, json, expressionFromJson);
}

/** The list of expressions that the JSON holds; a single expression is a list of one (index predicates). */
export function storedExpressions(json: string): readonly Expression[] {
  return cached(lists, json, (text) => {
    const parsed: readonly Expression[] | Expression = expressionListFromJson(text);
    return Array.isArray(parsed) ? parsed : [parsed as unknown as Expression];
  });
}

function cached<T>(map: Map<string, T>, json: string, parse: (json: string) => T): T {
  let value = map.get(json);
  if (value === undefined) {
    value = parse(json);
    if (map.size >= entriesMax) map.clear();
    map.set(json, value);
  }
  return value;
}
