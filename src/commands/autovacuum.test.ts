import { test } from 'tap';
import { maintenanceNeed, maintenanceThresholds } from './autovacuum.js';

const server: Record<string, number> = {
  autovacuum_vacuum_threshold: 50,
  autovacuum_vacuum_scale_factor: 0.2,
  autovacuum_vacuum_insert_threshold: 1000,
  autovacuum_vacuum_insert_scale_factor: 0.2,
  autovacuum_analyze_threshold: 50,
  autovacuum_analyze_scale_factor: 0.1,
};
const setting = (name: string): number => server[name] ?? 0;
const none = { rows: 1000, dead: 0, inserted: 0, modified: 0 };

test('thresholds grow with the table and must be passed', async (t) => {
  const thresholds = maintenanceThresholds(setting, []);
  t.same(maintenanceNeed(thresholds, { ...none, modified: 150 }), { vacuum: false, analyze: false });
  t.same(maintenanceNeed(thresholds, { ...none, modified: 151 }), { vacuum: false, analyze: true });
  t.same(maintenanceNeed(thresholds, { ...none, dead: 251 }), { vacuum: true, analyze: false });
  t.same(maintenanceNeed(thresholds, { ...none, inserted: 1201 }), { vacuum: true, analyze: false });
  t.same(maintenanceNeed(thresholds, { ...none, rows: -1, modified: 51 }), { vacuum: false, analyze: true });
});

test('storage parameters come before the server’s settings', async (t) => {
  const off = maintenanceThresholds(setting, ['autovacuum_enabled=off']);
  t.same(maintenanceNeed(off, { ...none, modified: 10_000, dead: 10_000 }), { vacuum: false, analyze: false });
  const own = maintenanceThresholds(setting, [
    'fillfactor=70',
    'autovacuum_enabled=true',
    'autovacuum_analyze_threshold=0',
    'autovacuum_analyze_scale_factor=0.5',
    'autovacuum_vacuum_insert_threshold=-1',
  ]);
  t.same(maintenanceNeed(own, { ...none, modified: 500, inserted: 10_000 }), { vacuum: false, analyze: false });
  t.same(maintenanceNeed(own, { ...none, modified: 501 }), { vacuum: false, analyze: true });
});
