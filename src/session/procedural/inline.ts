// DO: a function without a name, compiled for one run.
import type { FunctionToCall } from '../../procedural/functions.js';
import type { Session } from '../session.js';
import { FrameContext } from './frame-context.js';

const voidType = 2278;

/** Runs the source of a DO. Errors of its parse carry the position in it. */
export async function runInline(session: Session, source: string, isAtomic: boolean): Promise<void> {
  const fn: FunctionToCall = {
    name: 'inline_code_block',
    source,
    args: [],
    returnType: voidType,
    returnsSet: false,
    kind: 'inline',
    collation: 0,
    key: '',
    oid: 0,
    title: 'inline_code_block',
    isRow: false,
    columns: null,
  };
  const setting = { isReadOnly: false, isAtomic, hostState: new FrameContext(session, null, []) };
  await session.procedural.functions.call(fn, [], setting);
}
