// NestLoop: for each outer row the inner plan anew, with exec parameters set from the outer row.
import type { NestLoop } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type RowProgram, compileRow } from '../expressions/compile.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { JoinNode, type JoinProgram, compileJoin, keepsOuter } from './join.js';

interface NestLoopProgram {
  readonly join: JoinProgram;
  readonly parameters: RowProgram | null;
}

export class NestLoopNode extends JoinNode {
  private readonly outer: PlanNode;
  private readonly inner: PlanNode;
  private readonly parameters: RowProgram | null;
  private innerStarted = false;

  constructor(
    x: RunState,
    private readonly loop: NestLoop,
  ) {
    const compiled = x.unit.cached(
      loop,
      (): NestLoopProgram => ({
        join: compileJoin(x.unit, loop, loop.joinQual),
        parameters:
          loop.parameters.length === 0
            ? null
            : compileRow(
                x.unit,
                loop.parameters.map(({ value }) => value),
              ),
      }),
    );
    super(x, loop, compiled.join);
    this.parameters = compiled.parameters;
    this.outer = buildNode(loop.outer, x);
    this.inner = buildNode(loop.inner, x);
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const { loop } = this;
    const { joinType } = loop;
    const keepsUnmatched = keepsOuter(joinType);
    const stopsAtFirst = joinType === 'semi' || joinType === 'anti' || loop.innerUnique;
    await this.prepare();
    for (
      let batch = await this.outer.next(this.rowCountMax);
      batch !== null;
      batch = await this.outer.next(this.rowCountMax)
    ) {
      for (const outerRow of batch) {
        await this.startInner(outerRow);
        let matched = false;
        // Semi-joins and unique inner sides need one match: small batches keep the inner plan from running ahead.
        scan: for (;;) {
          const fetched = this.inner.next(stopsAtFirst ? 64 : 4096);
          const rows = fetched instanceof Promise ? await fetched : fetched;
          if (rows === null) break;
          for (const innerRow of rows) {
            let isMatch = this.matches(outerRow, innerRow);
            if (isMatch instanceof Promise) isMatch = await isMatch;
            if (!isMatch) continue;
            matched = true;
            if (joinType !== 'anti') {
              const wait = this.emit(outerRow, innerRow);
              if (wait !== undefined) await wait;
              if (this.isFull) yield this.takeOut();
            }
            if (stopsAtFirst) break scan;
          }
          const pause = this.pause();
          if (pause !== undefined) await pause;
        }
        if (!matched && keepsUnmatched) {
          await this.emit(outerRow, this.program.nullInner);
          if (this.isFull) yield this.takeOut();
        }
      }
    }
    if (this.out.length > 0) yield this.takeOut();
  }

  private async startInner(outerRow: Row): Promise<void> {
    const { parameters, x } = this;
    if (parameters !== null) {
      let values = parameters.run(x, null, outerRow);
      if (values instanceof Promise) values = await values;
      for (let n = 0; n < values.length; n++) {
        const { param } = this.loop.parameters[n] as { readonly param: number };
        x.p[param] = values[n] as Row[number];
        x.touch(param);
      }
    }
    if (this.innerStarted) this.inner.rescan();
    this.innerStarted = true;
  }

  protected restart(): void {
    this.out = [];
    this.outer.rescan();
  }

  close(): void {
    this.outer.close();
    this.inner.close();
  }
}
