// The order of the regression files, and which of them a single one needs to have run before it.

/** Files that fit another platform, locale or encoding than a usual build has. */
export const unfitFiles: ReadonlySet<string> = new Set(['collate.windows.win1252', 'collate.linux.utf8', 'euc_kr']);

/** What the schedule's remarks say: everything needs the first ones, some files need more. */
const always = ['test_setup', 'create_misc', 'create_index'];
const needs: Readonly<Record<string, readonly string[]>> = {
  multirangetypes: ['rangetypes'],
  geometry: ['point', 'lseg', 'line', 'box', 'path', 'polygon', 'circle'],
  horology: ['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'],
  aggregates: ['create_aggregate'],
  psql: ['create_am'],
  event_trigger: ['create_am'],
  amutils: ['point', 'geometry', 'create_index_spgist', 'hash_index', 'brin'],
  select_views: ['create_view'],
  copy2: ['copy'],
  constraints: ['create_function_c'],
  triggers: ['create_function_c'],
  portals_p2: ['portals'],
  tablespace: [],
};

/** The names behind `test:`, one after the other; groups that PostgreSQL runs in parallel run in sequence. */
export function scheduledFiles(schedule: string): string[] {
  return schedule
    .split('\n')
    .filter((line) => line.startsWith('test:'))
    .flatMap((line) => line.slice('test:'.length).trim().split(/\s+/));
}

/** The wanted files and all they need, in the schedule's order. */
export function neededFiles(scheduled: readonly string[], wanted: readonly string[]): string[] {
  const chosen = new Set(wanted.includes('test_setup') && wanted.length === 1 ? [] : always);
  for (const name of wanted) for (const needed of [name, ...(needs[name] ?? [])]) chosen.add(needed);
  return scheduled.filter((name) => chosen.has(name));
}
