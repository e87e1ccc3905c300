// Oids of the catalogs as dependencies name them (pg_depend.classid), and of built-in rows that commands refer to.

export const ClassOid = {
  type: 1247,
  attribute: 1249,
  proc: 1255,
  class: 1259,
  authid: 1260,
  authMembers: 1261,
  database: 1262,
  tablespace: 1213,
  foreignServer: 1417,
  foreignDataWrapper: 2328,
  userMapping: 1418,
  am: 2601,
  attrdef: 2604,
  cast: 2605,
  constraint: 2606,
  conversion: 2607,
  defaultAcl: 826,
  enum: 3501,
  extension: 3079,
  language: 2612,
  largeObject: 2613,
  namespace: 2615,
  opclass: 2616,
  operator: 2617,
  opfamily: 2753,
  policy: 3256,
  rewrite: 2618,
  statisticExt: 3381,
  trigger: 2620,
  tsConfig: 3602,
  tsDict: 3600,
  tsParser: 3601,
  tsTemplate: 3764,
  collation: 3456,
  eventTrigger: 3466,
  publication: 6104,
  parameterAcl: 6243,
} as const;

/** A database object: catalog, row, and column (0: the whole object). */
export interface ObjectAddress {
  readonly classId: number;
  readonly objectId: number;
  readonly subId: number;
}

export function objectAddress(classId: number, objectId: number, subId = 0): ObjectAddress {
  return { classId, objectId, subId };
}

export const catalogNamespace = 11;
export const publicNamespace = 2200;
export const bootstrapSuperuser = 10;
export const defaultTablespace = 1663;
export const globalTablespace = 1664;
export const heapAccessMethod = 2;
export const defaultCollation = 100;
/** First oid of objects that were not created by initdb's bootstrap: lower ones are pinned. */
export const firstUnpinnedOid = 12000;

export const TypeOid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  tid: 27,
  xid: 28,
  cid: 29,
  json: 114,
  unknown: 705,
  varchar: 1043,
  bpchar: 1042,
  record: 2249,
  cstring: 2275,
  any: 2276,
  anyarray: 2277,
  void: 2278,
  trigger: 2279,
  internal: 2281,
  anyelement: 2283,
  numeric: 1700,
} as const;
