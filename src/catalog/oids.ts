// Oids that PostgreSQL fixes for objects every database has, under the names its documentation and tools know them by.
// Catalog tables' own oids: `catalogShapes[name].oid`.

export const pgCatalogNamespace = 11;
export const pgToastNamespace = 99;
export const publicNamespace = 2200;

export const bootstrapSuperuser = 10;
/** Roles with meanings of their own (manual, section 22.5). */
export const roleDatabaseOwner = 6171;
export const roleReadAllData = 6181;
export const roleWriteAllData = 6182;
export const roleReadAllStats = 3375;
export const roleMonitor = 3373;
export const roleMaintain = 6337;
export const roleUseReservedConnections = 4550;

export const template1Database = 1;
export const template0Database = 4;
export const postgresDatabase = 5;

export const defaultTablespace = 1663;
export const globalTablespace = 1664;

export const internalLanguage = 12;
export const cLanguage = 13;
export const sqlLanguage = 14;

export const heapAccessMethod = 2;
export const btreeAccessMethod = 403;
export const hashAccessMethod = 405;

export const defaultCollation = 100;
export const cCollation = 950;

/** First oid of objects that users create. Lower ones belong to the system; below the second, they are pinned. */
export const firstNormalOid = 16384;
export const firstUnpinnedOid = 12000;

/** Type oids that rules of type resolution name. */
export const typeOid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int2vector: 22,
  int4: 23,
  regproc: 24,
  text: 25,
  oid: 26,
  tid: 27,
  xid: 28,
  cid: 29,
  oidvector: 30,
  json: 114,
  xml: 142,
  pgNodeTree: 194,
  float4: 700,
  float8: 701,
  unknown: 705,
  aclitem: 1033,
  aclitemArray: 1034,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  refcursor: 1790,
  regprocedure: 2202,
  regoper: 2203,
  regoperator: 2204,
  regclass: 2205,
  regtype: 2206,
  record: 2249,
  cstring: 2275,
  any: 2276,
  anyarray: 2277,
  void: 2278,
  trigger: 2279,
  internal: 2281,
  anyelement: 2283,
  recordArray: 2287,
  anynonarray: 2776,
  uuid: 2950,
  anyenum: 3500,
  jsonb: 3802,
  anyrange: 3831,
  regrole: 4096,
  regnamespace: 4089,
  anymultirange: 4537,
  anycompatible: 5077,
  anycompatiblearray: 5078,
  anycompatiblenonarray: 5079,
  anycompatiblerange: 5080,
  anycompatiblemultirange: 4538,
  textArray: 1009,
} as const;
