// ICU collations for comparisons, opened once per worker and locale in the native core.
import { addon } from '../base/addon.js';
import type { CollationDescriptor } from '../catalog/descriptors.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import type { CollationRules } from '../types/type-behaviour.js';

const rules = new Map<string, CollationRules>();

/** Comparison rules of an ICU collation; 22023 where its locale is unknown, 0A000 where it has rules of its own. */
export function icuRules(collation: CollationDescriptor): CollationRules {
  if (collation.icuRules !== null)
    throw pgError(SqlState.featureNotSupported, 'ICU collations with RULES are not supported yet');
  const locale = collation.locale ?? '';
  const key = `${collation.deterministic ? 'd' : 'n'}:${locale}`;
  const known = rules.get(key);
  if (known) return known;
  const handle = open(locale);
  const compare = (left: string, right: string): number => {
    if (left === right) return 0;
    const order = addon.collationCompare(handle, left, right);
    // Deterministic collations break ties by bytes, so that only equal texts are equal.
    return order !== 0 || !collation.deterministic ? order : Buffer.compare(Buffer.from(left), Buffer.from(right));
  };
  const made: CollationRules = {
    compare,
    sortKey(text) {
      const key = addon.collationSortKey(handle, text);
      return collation.deterministic ? Buffer.concat([key, separator, Buffer.from(text)]) : key;
    },
    deterministic: collation.deterministic,
  };
  rules.set(key, made);
  return made;
}

/** Sorts before every byte that a sort key goes on with. */
const separator = Buffer.from([0]);

function open(locale: string): number {
  try {
    return addon.collationOpen(locale);
  } catch (error) {
    throw pgError(SqlState.invalidParameterValue, error instanceof Error ? error.message : String(error));
  }
}
