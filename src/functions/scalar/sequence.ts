// nextval, currval, setval, lastval (manual, section 9.17).
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { sequenceService } from '../sequence-service.js';

const sequences = (info: CallInfo) => info.session.service(sequenceService);

fn('nextval_oid', { impl: (sequence: number, info: CallInfo) => sequences(info).next(sequence) });
fn('currval_oid', { impl: (sequence: number, info: CallInfo) => sequences(info).current(sequence) });
fn('lastval', { impl: (info: CallInfo) => sequences(info).last() });
fn('setval_oid', {
  impl: (sequence: number, value: bigint, info: CallInfo) => {
    sequences(info).set(sequence, value, true);
    return value;
  },
});
fn('setval3_oid', {
  impl: (sequence: number, value: bigint, isCalled: boolean, info: CallInfo) => {
    sequences(info).set(sequence, value, isCalled);
    return value;
  },
});
fn('pg_sequence_last_value', { impl: (sequence: number, info: CallInfo) => sequences(info).lastValueOf(sequence) });
