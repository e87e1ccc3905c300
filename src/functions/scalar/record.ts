// Comparison of rows: by value (=, <, ...) and by stored image (*=, *<, ...).
import { ByteWriter } from '../../base/bytes.js';
import { storeEmbedded } from '../../types/embedded-value.js';
import { equalParts } from '../../types/part-order.js';
import { checkColumnCounts, compareRecords, sameColumnType } from '../../types/record.js';
import type { PgRecord, Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { comparisonFamily, operatorNames } from './comparison.js';

comparisonFamily<PgRecord>(
  { operators: ['', '', 'record_lt', 'record_le', 'record_gt', 'record_ge'], support: 'btrecordcmp' },
  (left, right, info) => compareRecords(left, right, info.io),
);
fn('record_eq', { impl: recordsEqual });
fn('record_ne', { impl: (left: PgRecord, right: PgRecord, info: CallInfo) => !recordsEqual(left, right, info) });

function recordsEqual(left: PgRecord, right: PgRecord, info: CallInfo): boolean {
  const shared = Math.min(left.values.length, right.values.length);
  for (let index = 0; index < shared; index++) {
    const type = sameColumnType(left, right, index, info.io);
    const a = left.values[index] as Value;
    const b = right.values[index] as Value;
    if (a === null || b === null) {
      if (a !== b) return false;
    } else if (!equalParts(a, b, type, info.io)) {
      return false;
    }
  }
  checkColumnCounts(left, right);
  return true;
}

comparisonFamily<PgRecord>({ operators: operatorNames('record_image_'), support: 'btrecordimagecmp' }, compareImages);

/** Order of rows by the bytes of their columns: for telling rows apart, not for sorting them meaningfully. */
function compareImages(left: PgRecord, right: PgRecord, info: CallInfo): number {
  const shared = Math.min(left.values.length, right.values.length);
  const leftBytes = new ByteWriter();
  const rightBytes = new ByteWriter();
  for (let index = 0; index < shared; index++) {
    const type = sameColumnType(left, right, index, info.io);
    const a = left.values[index] as Value;
    const b = right.values[index] as Value;
    if (a === null || b === null) {
      if (a === b) continue;
      return a === null ? 1 : -1;
    }
    leftBytes.reset();
    rightBytes.reset();
    storeEmbedded(a, type, leftBytes, info.io);
    storeEmbedded(b, type, rightBytes, info.io);
    const order = Buffer.compare(leftBytes.view(), rightBytes.view());
    if (order !== 0) return order;
  }
  checkColumnCounts(left, right);
  return 0;
}
