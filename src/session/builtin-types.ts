// Oids of the built-in types that the session itself names in its answers.
export const builtinType = {
  bool: 16,
  int8: 20,
  int4: 23,
  text: 25,
  json: 114,
  xml: 142,
  interval: 1186,
  regclass: 2205,
} as const;
