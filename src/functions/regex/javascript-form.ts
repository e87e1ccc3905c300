// The regular expression in JavaScript's syntax. It answers the same for "is there a match, and where does the first one
// start": which text is matched there may differ, since JavaScript takes the first alternative that fits.
import type { Regex, RegexNode } from './ast.js';
import { classSources, setSource } from './character-test.js';

const word = `[${classSources.word}]`;

const assertions: Readonly<Record<Extract<RegexNode, { kind: 'assert' }>['at'], string>> = {
  lineStart: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  textStart: '(?<![\\s\\S])',
  textEnd: '(?![\\s\\S])',
  wordStart: `(?<!${word})(?=${word})`,
  wordEnd: `(?<=${word})(?!${word})`,
  wordBoundary: `(?:(?<!${word})(?=${word})|(?<=${word})(?!${word}))`,
  notWordBoundary: `(?:(?<!${word})(?!${word})|(?<=${word})(?=${word}))`,
};

/** A global JavaScript expression, searched from its lastIndex on. */
export function javascriptForm(regex: Regex): RegExp {
  return new RegExp(source(regex.root), regex.flags.ignoreCase ? 'giu' : 'gu');
}

function source(node: RegexNode): string {
  switch (node.kind) {
    case 'empty':
      return '(?:)';
    case 'set':
      return setSource(node);
    case 'concat':
      return node.items.map(source).join('');
    case 'alternate':
      return `(?:${node.branches.map(source).join('|')})`;
    case 'repeat': {
      const bounds = node.max === Number.POSITIVE_INFINITY ? `{${node.min},}` : `{${node.min},${node.max}}`;
      return `(?:${source(node.item)})${bounds}${node.preference === 'shortest' ? '?' : ''}`;
    }
    case 'capture':
      return `(${source(node.item)})`;
    case 'backref':
      return `\\${node.group}(?:)`;
    case 'assert':
      return assertions[node.at];
    case 'look':
      return `(?${node.behind ? '<' : ''}${node.negative ? '!' : '='}${source(node.item)})`;
  }
}
