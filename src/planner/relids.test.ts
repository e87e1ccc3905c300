import { test } from 'tap';
import { isSingleton, isSubset, overlaps, relidCount, relidMembers, relidsOf, singleRelid } from './relids.js';

test('sets of relation indexes, small and large', async (t) => {
  const set = relidsOf([1, 5, 70, 200]);
  t.same(relidMembers(set), [1, 5, 70, 200]);
  t.equal(relidCount(set), 4);
  t.ok(isSubset(relidsOf([5, 200]), set));
  t.notOk(isSubset(relidsOf([5, 6]), set));
  t.ok(overlaps(set, singleRelid(70)));
  t.ok(isSingleton(singleRelid(99)));
  t.notOk(isSingleton(set));
});
