// amcheck's functions: what they take and give; the checks are the session's.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { relationChecks } from '../server-services.js';

fn('bt_index_check', {
  waits: true,
  async impl(index: number, ...rest: [...flags: boolean[], call: CallInfo]) {
    const [allRows = false, unique = false] = flagsOf(rest);
    await callOf(rest).session.service(relationChecks).index(index, { allRows, unique, locksOut: false });
    return null;
  },
});

fn('bt_index_parent_check', {
  waits: true,
  async impl(index: number, ...rest: [...flags: boolean[], call: CallInfo]) {
    // The third says to look each entry up from the root: there is no other way to one here.
    const [allRows = false, , unique = false] = flagsOf(rest);
    await callOf(rest).session.service(relationChecks).index(index, { allRows, unique, locksOut: true });
    return null;
  },
});

function flagsOf(rest: readonly (boolean | CallInfo)[]): boolean[] {
  return rest.slice(0, -1) as boolean[];
}

function callOf(rest: readonly (boolean | CallInfo)[]): CallInfo {
  return rest.at(-1) as CallInfo;
}

const skipOptions = new Set(['none', 'all-visible', 'all-frozen']);

tableFn('verify_heapam', {
  async *rows(
    relation: number | null,
    onErrorStop: boolean | null,
    checkToast: boolean | null,
    skip: string | null,
    from: bigint | null,
    to: bigint | null,
    call: CallInfo,
  ) {
    const given = { relation, on_error_stop: onErrorStop, check_toast: checkToast, skip };
    for (const [name, value] of Object.entries(given)) {
      if (value === null) throw pgError(SqlState.invalidParameterValue, `${name} cannot be null`);
    }
    if (!skipOptions.has((skip ?? '').toLowerCase())) {
      throw pgError(SqlState.invalidParameterValue, 'invalid skip option', {
        hint: 'Valid skip options are "all-visible", "all-frozen", and "none".',
      });
    }
    const checks = call.session.service(relationChecks);
    const problems = await checks.heap(relation ?? 0, { stopsAtFirst: onErrorStop === true, from, to });
    for (const { block, offset, attribute, message } of problems) yield [BigInt(block), offset, attribute, message];
  },
});
