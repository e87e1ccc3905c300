// Key bytes of the catalogs' own indexes: plain columns of built-in types, ascending, nulls last. The byte layout is the
// one of every B-tree index, so the executor can scan these indexes like any other.
import type { Value } from '../types/value.js';
import { ByteWriter } from '../base/bytes.js';
import { writeKeyColumn } from '../storage/index-key.js';
import type { CompareContext } from '../types/type-behaviour.js';
import { coreType } from './core-types.js';
import { type CatalogIndexShape, catalogShapes } from './generated/schema.js';

const context: CompareContext = { typeByOid: coreType, collation: () => null, collationOid: 0 };

/** Key of the leading columns' stored values: a whole key, or a prefix for a range. */
export function catalogIndexKey(index: CatalogIndexShape, values: readonly Value[]): Buffer {
  const writer = new ByteWriter(64);
  values.forEach((value, at) => {
    writeKeyColumn(
      writer,
      { type: coreType(columnTypes(index)[at] ?? 0), descending: false, nullsFirst: false },
      value,
      context,
    );
  });
  return writer.detach();
}

const columnTypesByIndex = new Map<number, readonly number[]>();

function columnTypes(index: CatalogIndexShape): readonly number[] {
  if (columnTypesByIndex.size === 0) {
    for (const { columns, indexes } of Object.values(catalogShapes))
      for (const { oid, columns: keys } of indexes)
        columnTypesByIndex.set(
          oid,
          keys.map((attribute) => columns[attribute - 1]?.[1] ?? 0),
        );
  }
  return columnTypesByIndex.get(index.oid) ?? [];
}
