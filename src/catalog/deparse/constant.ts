// Constants as literals: numbers and booleans bare where they read back as the same type, everything else quoted with
// its type behind it.
import { typeOid } from '../oids.js';
import type { Const } from '../../trees/expression.js';
import { collationName, typeName } from './expression.js';
import type { DeparseContext } from './context.js';

/** `label`: whether ::type follows: asNeeded for values that would read back as another type, always, or never. */
export function deparseConstant(context: DeparseContext, node: Const, label: 'asNeeded' | 'always' | 'never'): void {
  const { writer, catalog } = context;
  if (node.value === null) {
    writer.append('NULL');
    if (label !== 'never') appendLabel(context, node, node.typmod);
    return;
  }
  const type = catalog.typeByOid(node.type);
  const text = type.behaviour.output(node.value, type, catalog.io);
  const { literal, isSelfDescribing } = literalOf(node, text);
  writer.append(literal);
  if (label === 'never') return;
  if (label === 'always' || !isSelfDescribing) appendLabel(context, node, node.typmod);
  else if (node.collation !== 0 && node.collation !== type.collation) appendCollation(context, node);
}

function literalOf(node: Const, text: string): { readonly literal: string; readonly isSelfDescribing: boolean } {
  switch (node.type) {
    case typeOid.int4:
      return text.startsWith('-')
        ? { literal: quoteLiteral(text), isSelfDescribing: false }
        : { literal: text, isSelfDescribing: true };
    case typeOid.numeric:
      // Digits alone would be an integer; a sign would be an operator.
      return /^\d/.test(text) && /[.eE]/.test(text)
        ? { literal: text, isSelfDescribing: node.typmod < 0 }
        : { literal: quoteLiteral(text), isSelfDescribing: false };
    case typeOid.bool:
      return { literal: text === 't' ? 'true' : 'false', isSelfDescribing: true };
    case typeOid.unknown:
      return { literal: quoteLiteral(text), isSelfDescribing: true };
    default:
      return { literal: quoteLiteral(text), isSelfDescribing: false };
  }
}

// Backslashes stand for themselves: the text is for standard_conforming_strings.
function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function appendLabel(context: DeparseContext, node: Const, typmod: number): void {
  context.writer.append(`::${typeName(context, node.type, typmod)}`);
  const type = context.catalog.typeByOid(node.type);
  if (node.collation !== 0 && node.collation !== type.collation) appendCollation(context, node);
}

function appendCollation(context: DeparseContext, node: Const): void {
  context.writer.append(` COLLATE ${collationName(context, node.collation)}`);
}
