// The settings that steer planning, read once for each plan. Defaults are PostgreSQL 17's.

export interface PlannerSettings {
  readonly seqPageCost: number;
  readonly randomPageCost: number;
  readonly cpuTupleCost: number;
  readonly cpuIndexTupleCost: number;
  readonly cpuOperatorCost: number;
  /** Pages. */
  readonly effectiveCacheSize: number;
  readonly workMemBytes: number;
  readonly hashMemBytes: number;
  readonly fromCollapseLimit: number;
  readonly joinCollapseLimit: number;
  readonly geqo: boolean;
  readonly geqoThreshold: number;
  readonly cursorTupleFraction: number;
  readonly constraintExclusion: 'on' | 'off' | 'partition';
  readonly planCacheMode: 'auto' | 'force_custom_plan' | 'force_generic_plan';
  readonly recursiveWorktableFactor: number;
  readonly enable: Readonly<Record<EnableName, boolean>>;
}

const enableNames = [
  'seqscan',
  'indexscan',
  'indexonlyscan',
  'bitmapscan',
  'tidscan',
  'sort',
  'incremental_sort',
  'hashagg',
  'material',
  'memoize',
  'nestloop',
  'mergejoin',
  'hashjoin',
  'group_by_reordering',
  'presorted_aggregate',
] as const;
export type EnableName = (typeof enableNames)[number];

/** Cost added to a path whose enable_ setting is off. */
export const disableCost = 1.0e10;

type SettingReader = (name: string) => string | null;

/** Reads all planner settings through `setting`; absent ones have PostgreSQL's default. */
export function readSettings(setting: SettingReader): PlannerSettings {
  const enable = {} as Record<EnableName, boolean>;
  for (const name of enableNames) enable[name] = booleanSetting(setting, `enable_${name}`, true);
  const workMemBytes = bytesSetting(setting, 'work_mem', 1024, 4096 * 1024);
  return {
    seqPageCost: numberSetting(setting, 'seq_page_cost', 1),
    randomPageCost: numberSetting(setting, 'random_page_cost', 4),
    cpuTupleCost: numberSetting(setting, 'cpu_tuple_cost', 0.01),
    cpuIndexTupleCost: numberSetting(setting, 'cpu_index_tuple_cost', 0.005),
    cpuOperatorCost: numberSetting(setting, 'cpu_operator_cost', 0.0025),
    effectiveCacheSize: bytesSetting(setting, 'effective_cache_size', 8192, 524288 * 8192) / 8192,
    workMemBytes,
    hashMemBytes: workMemBytes * numberSetting(setting, 'hash_mem_multiplier', 2),
    fromCollapseLimit: numberSetting(setting, 'from_collapse_limit', 8),
    joinCollapseLimit: numberSetting(setting, 'join_collapse_limit', 8),
    geqo: booleanSetting(setting, 'geqo', true),
    geqoThreshold: numberSetting(setting, 'geqo_threshold', 12),
    cursorTupleFraction: numberSetting(setting, 'cursor_tuple_fraction', 0.1),
    constraintExclusion: choiceSetting(setting, 'constraint_exclusion', ['on', 'off', 'partition'], 'partition'),
    planCacheMode: choiceSetting(
      setting,
      'plan_cache_mode',
      ['auto', 'force_custom_plan', 'force_generic_plan'],
      'auto',
    ),
    recursiveWorktableFactor: numberSetting(setting, 'recursive_worktable_factor', 10),
    enable,
  };
}

function booleanSetting(setting: SettingReader, name: string, fallback: boolean): boolean {
  const text = setting(name);
  return text === null ? fallback : /^(on|true|yes|1|t)$/i.test(text);
}

function numberSetting(setting: SettingReader, name: string, fallback: number): number {
  const text = setting(name);
  const value = text === null ? Number.NaN : Number.parseFloat(text);
  return Number.isNaN(value) ? fallback : value;
}

const byteUnits: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

function bytesSetting(setting: SettingReader, name: string, baseUnit: number, fallback: number): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?\s*$/.exec(setting(name) ?? '');
  if (match === null) return fallback;
  const unit = match[2] === undefined ? baseUnit : (byteUnits[match[2]] ?? baseUnit);
  return Number(match[1]) * unit;
}

function choiceSetting<T extends string>(setting: SettingReader, name: string, choices: readonly T[], fallback: T): T {
  const text = setting(name)?.toLowerCase();
  return choices.find((choice) => choice === text) ?? fallback;
}
