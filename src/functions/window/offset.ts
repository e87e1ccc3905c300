// Window functions that look at another row: lag, lead, first_value, last_value, nth_value (manual, section 9.22).
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Value } from '../../types/value.js';
import { windowFn } from '../registry.js';
import type { WindowCall } from '../window-call.js';

/** The argument `direction` times the offset away within the partition; the default where there is no such row. */
function shifted(call: WindowCall, direction: -1 | 1, hasOffset: boolean, hasDefault: boolean): Value {
  const offset = hasOffset ? call.argument(1, call.position) : 1;
  if (offset === null) return null;
  const target = call.position + direction * (offset as number);
  if (target >= 0 && target < call.partitionRows) return call.argument(0, target);
  return hasDefault ? call.argument(2, call.position) : null;
}

windowFn('window_lag', { impl: (call) => shifted(call, -1, false, false) });
windowFn('window_lag_with_offset', { impl: (call) => shifted(call, -1, true, false) });
windowFn('window_lag_with_offset_and_default', { impl: (call) => shifted(call, -1, true, true) });
windowFn('window_lead', { impl: (call) => shifted(call, 1, false, false) });
windowFn('window_lead_with_offset', { impl: (call) => shifted(call, 1, true, false) });
windowFn('window_lead_with_offset_and_default', { impl: (call) => shifted(call, 1, true, true) });

windowFn('window_first_value', {
  impl: (call) => (call.frameRows === 0 ? null : call.argument(0, call.framePosition(0))),
});

windowFn('window_last_value', {
  impl: (call) => {
    const { frameRows } = call;
    return frameRows === 0 ? null : call.argument(0, call.framePosition(frameRows - 1));
  },
});

windowFn('window_nth_value', {
  impl: (call) => {
    const nth = call.argument(1, call.position);
    if (nth === null) return null;
    if ((nth as number) <= 0) {
      throw pgError(SqlState.invalidArgumentForNthValue, 'argument of nth_value must be greater than zero');
    }
    return (nth as number) > call.frameRows ? null : call.argument(0, call.framePosition((nth as number) - 1));
  },
});
