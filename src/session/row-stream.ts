// A row source as the batches of a command's result, closed when its reader leaves.
import { batchRowsMax } from '../base/limits.js';
import type { Row } from '../types/value.js';
import type { RowSource } from './portal.js';

export async function* sourceRows(source: RowSource): AsyncGenerator<readonly Row[]> {
  try {
    for (let rows = await source.next(batchRowsMax); rows !== null; rows = await source.next(batchRowsMax)) yield rows;
  } finally {
    await source.close();
  }
}
