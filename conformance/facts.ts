// What docs/compatibility.md says that no test can measure, written by hand: which areas are not built, and what differs
// from PostgreSQL on purpose. A gap that names a feature goes by itself once no notSupported(...) call names it any more.

export interface Gap {
  readonly what: string;
  /** The name in the 0A000 error, or its beginning; null where it shows in another way. */
  readonly feature: string | null;
}

export const gaps: Readonly<Record<string, readonly Gap[]>> = {
  procedural: [
    {
      what: 'functions and DO in other languages than SQL and PL/pgSQL',
      feature: 'calling functions in language',
    },
    { what: 'other languages', feature: 'CREATE LANGUAGE' },
  ],
  tables: [
    { what: 'partitioned tables', feature: 'PARTITION BY' },
    { what: 'exclusion constraints', feature: 'EXCLUDE constraint' },
    { what: 'row-level security and policies', feature: 'CREATE POLICY' },
    { what: 'rules other than views', feature: 'CREATE RULE' },
    { what: 'foreign data', feature: 'CREATE FOREIGN DATA WRAPPER' },
    { what: 'tablespaces', feature: 'CREATE TABLESPACE' },
  ],
  types: [
    { what: 'full text, XML', feature: 'type ' },
    { what: "base types of one's own", feature: 'CREATE TYPE of a base type' },
    { what: 'JSON_TABLE, JSON_QUERY, JSON_VALUE and JSON_EXISTS', feature: null },
  ],
  indexes: [
    { what: 'GiST, GIN, SP-GiST and BRIN', feature: 'index access method' },
    { what: "operator classes and families of one's own", feature: 'CREATE OPERATOR CLASS' },
  ],
  transactions: [
    { what: 'PREPARE TRANSACTION', feature: 'PREPARE TRANSACTION' },
    { what: 'LISTEN and NOTIFY', feature: 'LISTEN' },
  ],
  server: [
    { what: 'publications and subscriptions', feature: 'CREATE PUBLICATION' },
    { what: 'event triggers', feature: 'CREATE EVENT TRIGGER' },
    { what: "access methods of one's own", feature: 'CREATE ACCESS METHOD' },
    { what: 'replication and logical decoding', feature: null },
    { what: 'large objects', feature: null },
    { what: 'extensions other than plpgsql', feature: 'ALTER EXTENSION' },
    { what: 'functions and types in C', feature: 'LANGUAGE C' },
  ],
  'log-in': [{ what: 'peer, ident, cert, ldap, gss, pam, radius', feature: null }],
};

export const differences: readonly string[] = [
  "Old versions of rows go with the last snapshot that needs them, not by VACUUM: `ctid` is derived from the row's number and survives updates. VACUUM lets new rows fill the gaps between others and updates the sizes in pg_class; VACUUM FULL writes the table anew. Autovacuum does both, and ANALYZE, by PostgreSQL's thresholds.",
  "Settings that steer PostgreSQL's own machinery (buffers, WAL writer) are accepted and shown; `pg_settings` says of each that nothing here depends on it.",
  "Under SERIALIZABLE, reads of an index are remembered as ranges of keys, not as its pages: transactions that meet on a page only don't fail. pg_locks counts the ranges of an index as its pages.",
  'A frame of a wrong length ends the connection with FATAL 08P01, where PostgreSQL closes it without a word. A well-framed message with a malformed body is an ERROR that the session survives, as there.',
  'Rows are sent in batches: how many arrive before the error of a statement that fails half-way may differ.',
  "Equal rows under ORDER BY come in the order that the documented sort algorithms leave them in, as in PostgreSQL; without ORDER BY the order of rows is the plan's and may differ.",
  'One text has at most 2^29 - 24 UTF-16 units, one array that a statement makes 2^26 elements, and a statement that would take more memory than its share fails with 53200 (docs/operations.md).',
];
