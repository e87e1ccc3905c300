// What EXPLAIN ANALYZE says of a node's run beyond its rows and times: labelled values in the structured formats, one line
// for each kind of node in the text format.
import type { Plan } from '../../trees/plan.js';
import type { Detail } from './describe.js';

type Facts = Readonly<Record<string, string | number>>;

/** The details of a node's facts (labels as the structured formats spell them), in their order. */
export function runFacts(plan: Plan, facts: Facts): Detail[] {
  const entries = Object.entries(facts);
  if (entries.length === 0) return [];
  const line = textLine(plan, facts);
  return [...line, ...entries.map(([label, value]): Detail => ({ label, value, only: 'structured' }))];
}

function textLine(plan: Plan, facts: Facts): Detail[] {
  const fact = (label: string): string | number => facts[label] ?? 0;
  const text = (label: string, value: string): Detail[] => [{ label, value, only: 'text' }];
  switch (plan.kind) {
    case 'Sort':
      return text('Sort Method', `${fact('Sort Method')}  ${fact('Sort Space Type')}: ${fact('Sort Space Used')}kB`);
    case 'Hash':
      return text(
        'Buckets',
        `${fact('Hash Buckets')}  Batches: ${fact('Hash Batches')}  Memory Usage: ${fact('Peak Memory Usage')}kB`,
      );
    case 'Agg': {
      const threads = fact('Native Pipeline Threads');
      if (threads !== 0) return text('Native Pipeline Threads', String(threads));
      const disk = fact('Disk Usage') === 0 ? '' : `  Disk Usage: ${fact('Disk Usage')}kB`;
      return text('Batches', `${fact('HashAgg Batches')}  Memory Usage: ${fact('Peak Memory Usage')}kB${disk}`);
    }
    case 'Memoize':
      return text(
        'Hits',
        `${fact('Cache Hits')}  Misses: ${fact('Cache Misses')}  Evictions: ${fact('Cache Evictions')}` +
          `  Overflows: ${fact('Cache Overflows')}  Memory Usage: ${fact('Peak Memory Usage')}kB`,
      );
    case 'BitmapHeapScan':
      return fact('Exact Heap Blocks') === 0 ? [] : text('Heap Blocks', `exact=${fact('Exact Heap Blocks')}`);
    default:
      return Object.entries(facts).flatMap(([label, value]) => text(label, String(value)));
  }
}
