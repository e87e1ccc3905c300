// CASE and COALESCE: only the branch that is chosen is evaluated.
import type { CaseExpr, CoalesceExpr } from '../../trees/expression.js';
import type { Emitter, Operand } from './emitter.js';

export function emitCase(expr: CaseExpr, m: Emitter): Operand {
  const result = m.assign('null');
  const label = `L${result}`;
  m.line(`${label}: {`);
  if (expr.arg !== null) m.caseTests.push(m.emit(expr.arg));
  // Results may hold CASE expressions of their own, whose test value must not be this one's.
  for (const when of expr.whens) {
    const condition = m.emit(when.condition);
    m.line(`if (${condition.code} === true) {`);
    const value = m.emit(when.result);
    m.line(`${result} = ${value.code}; break ${label}; }`);
  }
  if (expr.arg !== null) m.caseTests.pop();
  if (expr.defaultResult !== null) m.line(`${result} = ${m.emit(expr.defaultResult).code};`);
  m.line('}');
  return { code: result, nullable: true };
}

export function emitCoalesce(expr: CoalesceExpr, m: Emitter): Operand {
  const result = m.assign('null');
  const label = `L${result}`;
  m.line(`${label}: {`);
  let nullable = true;
  for (const arg of expr.args) {
    const operand = m.emit(arg);
    if (!operand.nullable) {
      m.line(`${result} = ${operand.code}; break ${label};`);
      nullable = false;
      break;
    }
    m.line(`if (${operand.code} !== null) { ${result} = ${operand.code}; break ${label}; }`);
  }
  m.line('}');
  return { code: result, nullable };
}
