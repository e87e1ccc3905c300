// Oids of the built-in types that the analyzer's rules name. Fixed by PostgreSQL's catalogs.

export const typeOid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int2vector: 22,
  int4: 23,
  text: 25,
  oid: 26,
  tid: 27,
  xid: 28,
  cid: 29,
  oidvector: 30,
  json: 114,
  xml: 142,
  float4: 700,
  float8: 701,
  unknown: 705,
  textArray: 1009,
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
  record: 2249,
  cstring: 2275,
  any: 2276,
  anyArray: 2277,
  void: 2278,
  trigger: 2279,
  internal: 2281,
  anyElement: 2283,
  recordArray: 2287,
  anyNonArray: 2776,
  anyEnum: 3500,
  jsonb: 3802,
  anyRange: 3831,
  anyMultirange: 4537,
  anyCompatibleMultirange: 4538,
  anyCompatible: 5077,
  anyCompatibleArray: 5078,
  anyCompatibleNonArray: 5079,
  anyCompatibleRange: 5080,
} as const;

/** ANYELEMENT and its family: all arguments must agree exactly. */
export function isPolymorphicFamily1(type: number): boolean {
  return (
    type === typeOid.anyElement ||
    type === typeOid.anyArray ||
    type === typeOid.anyNonArray ||
    type === typeOid.anyEnum ||
    type === typeOid.anyRange ||
    type === typeOid.anyMultirange
  );
}

/** ANYCOMPATIBLE and its family: arguments are brought to a common type. */
export function isPolymorphicFamily2(type: number): boolean {
  return (
    type === typeOid.anyCompatible ||
    type === typeOid.anyCompatibleArray ||
    type === typeOid.anyCompatibleNonArray ||
    type === typeOid.anyCompatibleRange ||
    type === typeOid.anyCompatibleMultirange
  );
}

/** True for any polymorphic pseudo-type. */
export function isPolymorphic(type: number): boolean {
  return isPolymorphicFamily1(type) || isPolymorphicFamily2(type);
}
