// Casts between types of values and variables, compiled once for each pair and kept until the catalogs move.
import { variableCast } from '../../analyzer/statements/variable-assignment.js';
import { compileScalar } from '../../executor/expressions/compile.js';
import { CompileUnit } from '../../executor/expressions/unit.js';
import { RunState } from '../../executor/state.js';
import type { Cast } from '../../procedural/host.js';
import type { Value } from '../../types/value.js';
import { executionContext } from '../corridor.js';
import type { Session } from '../session.js';

const unknownType = 705;
const textType = 25;

export class Casts {
  private version = -1;
  private readonly known = new Map<string, Cast | null>();

  constructor(private readonly session: Session) {}

  /** Null where a value can be taken as it is. */
  find(from: number, fromTypmod: number, to: number, toTypmod: number): Cast | null {
    if (from === to && (toTypmod === -1 || toTypmod === fromTypmod)) return null;
    const version = this.session.catalog.version();
    if (version !== this.version) {
      this.known.clear();
      this.version = version;
    }
    const key = `${from} ${fromTypmod} ${to} ${toTypmod}`;
    let cast = this.known.get(key);
    if (cast === undefined) {
      cast = this.make(
        { type: from === unknownType ? textType : from, typmod: fromTypmod },
        { type: to, typmod: toTypmod },
      );
      this.known.set(key, cast);
    }
    return cast;
  }

  private make(
    from: { readonly type: number; readonly typmod: number },
    to: { readonly type: number; readonly typmod: number },
  ): Cast | null {
    const { session } = this;
    const expression = variableCast(from, to, {
      catalog: session.catalog,
      sourceText: '',
      parameterTypes: [],
      variableParameters: false,
      notice: (notice) => session.notice(notice),
    });
    if (expression === null) return null;
    const unit = new CompileUnit(session.catalog, session.catalog.version(), []);
    const program = compileScalar(unit, expression);
    const isDomain = session.catalog.typeByOid(to.type).kind === 'd';
    return (value: Value) => {
      if (value === null && !isDomain) return null;
      const x = new RunState(unit, executionContext(session), null, [value]);
      return program.run(x, null);
    };
  }
}
