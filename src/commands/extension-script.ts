// Extensions that CREATE EXTENSION can install beside plpgsql, each with the SQL that makes its objects. The functions they
// name are built in (src/functions); `@schema@` stands for the schema that the objects go to.

export interface ExtensionScript {
  readonly name: string;
  readonly version: string;
  /** Its comment. */
  readonly comment: string;
  readonly isRelocatable: boolean;
  readonly statements: readonly string[];
}

const indexCheck = (name: string, ...parameters: string[]) => {
  const list = ['index pg_catalog.regclass', ...parameters.map((parameter) => `${parameter} pg_catalog.bool`)];
  return [
    `create function @schema@.${name}(${list.join(', ')}) returns pg_catalog.void as '${name}'
     language internal strict parallel restricted`,
    `revoke all on function @schema@.${name}(${list.join(', ')}) from public`,
  ];
};

const heapParameters = `relation pg_catalog.regclass, on_error_stop pg_catalog.bool default false,
  check_toast pg_catalog.bool default false, skip pg_catalog.text default 'none',
  startblock pg_catalog.int8 default null, endblock pg_catalog.int8 default null`;

const amcheck: ExtensionScript = {
  name: 'amcheck',
  version: '1.4',
  comment: 'functions for verifying relation integrity',
  isRelocatable: true,
  statements: [
    ...indexCheck('bt_index_check'),
    ...indexCheck('bt_index_parent_check'),
    ...indexCheck('bt_index_check', 'heapallindexed'),
    ...indexCheck('bt_index_parent_check', 'heapallindexed'),
    ...indexCheck('bt_index_parent_check', 'heapallindexed', 'rootdescend'),
    `create function @schema@.verify_heapam(${heapParameters}, out blkno pg_catalog.int8, out offnum pg_catalog.int4,
       out attnum pg_catalog.int4, out msg pg_catalog.text) returns setof pg_catalog.record as 'verify_heapam'
     language internal`,
    `revoke all on function @schema@.verify_heapam(pg_catalog.regclass, pg_catalog.bool, pg_catalog.bool, pg_catalog.text,
       pg_catalog.int8, pg_catalog.int8) from public`,
    ...indexCheck('bt_index_check', 'heapallindexed', 'checkunique'),
    ...indexCheck('bt_index_parent_check', 'heapallindexed', 'rootdescend', 'checkunique'),
  ],
};

/** By name. */
export const extensionScripts: ReadonlyMap<string, ExtensionScript> = new Map([[amcheck.name, amcheck]]);
