// Expected values are PostgreSQL 17's pg_stats rows for the same columns.
import { test } from 'tap';
import type { Value } from '../../types/value.js';
import { columnStatistics } from './column-statistics.js';

const numbers = (values: readonly Value[], totalRows = values.length) =>
  columnStatistics({
    values,
    totalRows,
    target: 100,
    width: () => 4,
    compare: (left, right) => Number(left) - Number(right),
    key: null,
    fixedWidth: 4,
  });

test('a unique ascending column has a histogram, no common values, correlation 1', async (t) => {
  const found = numbers(Array.from({ length: 50 }, (_, index) => index + 1));
  t.equal(found?.distinct, -1);
  t.same(found?.commonValues, []);
  t.equal(found?.histogram.length, 50);
  t.equal(found?.correlation, 1);
});

test('a column of few values lists them all, the most frequent first', async (t) => {
  const found = numbers(Array.from({ length: 100 }, (_, index) => (index + 1) % 10));
  t.equal(found?.distinct, 10);
  t.same(found?.commonValues, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.same(
    found?.commonFrequencies,
    Array.from({ length: 10 }, () => 0.1),
  );
  t.same(found?.histogram, []);
});

test('nulls count in the fraction only', async (t) => {
  const found = numbers([1, null, 2, null]);
  t.equal(found?.nullFraction, 0.5);
  t.equal(found?.distinct, -0.5);
});
