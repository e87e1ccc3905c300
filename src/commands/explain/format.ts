// EXPLAIN's output formats. The plan is first turned into a tree of labelled values, which JSON, YAML and XML print as it
// stands; the text format has its own layout.
import { quoteJson } from '../../types/json-types.js';
import type { ExplainFormat } from './options.js';

/** A labelled value, a group of them, or a list of groups. */
export type Item =
  | {
      readonly kind: 'value';
      readonly label: string;
      readonly value: string | number | boolean;
      readonly digits?: number;
    }
  | { readonly kind: 'list'; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: 'group'; readonly label: string; readonly items: readonly Item[] }
  | {
      readonly kind: 'groups';
      readonly label: string;
      readonly groups: readonly (readonly Item[])[];
      readonly each: string;
    };

/** The structured formats: a list with one query. */
export function formatItems(items: readonly Item[], format: Exclude<ExplainFormat, 'text'>): string {
  switch (format) {
    case 'json':
      return `[\n${jsonObject(items, 1)}\n]`;
    case 'yaml':
      return yamlItems(items, 1, true).replace(/^ {2}/, '- ').replace(/\n$/, '');
    case 'xml':
      return `<explain xmlns="http://www.postgresql.org/2009/explain">\n  <Query>\n${xmlItems(items, 2)}  </Query>\n</explain>`;
  }
}

function scalarText(item: Extract<Item, { kind: 'value' }>): string {
  if (typeof item.value === 'number')
    return item.digits === undefined ? String(item.value) : item.value.toFixed(item.digits);
  return String(item.value);
}

function jsonObject(items: readonly Item[], depth: number): string {
  const pad = '  '.repeat(depth);
  const inner = items.map((item) => `${pad}  ${quoteJson(item.label)}: ${jsonItem(item, depth + 1)}`);
  return `${pad}{\n${inner.join(',\n')}\n${pad}}`;
}

function jsonItem(item: Item, depth: number): string {
  switch (item.kind) {
    case 'value':
      return typeof item.value === 'string' ? quoteJson(item.value) : scalarText(item);
    case 'list':
      return `[${item.values.map((value) => quoteJson(value)).join(', ')}]`;
    case 'group':
      return jsonObject(item.items, depth).trimStart();
    case 'groups': {
      const pad = '  '.repeat(depth);
      if (item.groups.length === 0) return `[\n${pad}]`;
      return `[\n${item.groups.map((group) => jsonObject(group, depth + 1)).join(',\n')}\n${pad}]`;
    }
  }
}

function yamlQuote(text: string): string {
  return quoteJson(text);
}

function yamlItems(items: readonly Item[], depth: number, _first: boolean): string {
  const pad = '  '.repeat(depth);
  let text = '';
  for (const item of items) {
    switch (item.kind) {
      case 'value':
        text += `${pad}${item.label}: ${typeof item.value === 'string' ? yamlQuote(item.value) : scalarText(item)}\n`;
        break;
      case 'list':
        text += `${pad}${item.label}: \n${item.values.map((value) => `${pad}  - ${yamlQuote(value)}\n`).join('')}`;
        break;
      case 'group':
        text += `${pad}${item.label}: \n${yamlItems(item.items, depth + 1, false)}`;
        break;
      case 'groups':
        text += `${pad}${item.label}: \n`;
        for (const group of item.groups) {
          const inner = yamlItems(group, depth + 2, false);
          text += `${pad}  - ${inner.trimStart()}`;
        }
        break;
    }
  }
  return text;
}

function xmlName(label: string): string {
  return label.replace(/[^A-Za-z0-9._-]/g, '-');
}

function xmlEscape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#x0d;');
}

function xmlItems(items: readonly Item[], depth: number): string {
  const pad = '  '.repeat(depth);
  let text = '';
  for (const item of items) {
    const name = xmlName(item.label);
    switch (item.kind) {
      case 'value':
        text += `${pad}<${name}>${xmlEscape(scalarText(item))}</${name}>\n`;
        break;
      case 'list':
        text += `${pad}<${name}>\n${item.values.map((value) => `${pad}  <Item>${xmlEscape(value)}</Item>\n`).join('')}${pad}</${name}>\n`;
        break;
      case 'group':
        text += `${pad}<${name}>\n${xmlItems(item.items, depth + 1)}${pad}</${name}>\n`;
        break;
      case 'groups':
        text += `${pad}<${name}>\n${item.groups.map((group) => `${pad}  <${item.each}>\n${xmlItems(group, depth + 2)}${pad}  </${item.each}>\n`).join('')}${pad}</${name}>\n`;
        break;
    }
  }
  return text;
}
