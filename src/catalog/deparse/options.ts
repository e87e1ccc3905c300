// Storage options as SQL writes them: fillfactor='70', quoted as needed.
import { quoteIdentifier, quoteLiteral } from '../../types/quote.js';

/** `options`: 'name=value' texts as in pg_class.reloptions. */
export function reloptionsText(options: readonly string[]): string {
  return options
    .map((option) => {
      const at = option.indexOf('=');
      const name = at < 0 ? option : option.slice(0, at);
      const value = at < 0 ? '' : option.slice(at + 1);
      // Words and plain numbers need no quotes of identifiers, but all values are written as literals.
      return `${quoteIdentifier(name)}=${isPlainWord(value) ? value : quoteLiteral(value)}`;
    })
    .join(', ');
}

function isPlainWord(value: string): boolean {
  return quoteIdentifier(value) === value && value !== '';
}
