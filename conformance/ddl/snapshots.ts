// What must agree after every stretch of a script: the catalogs' rows without OIDs, and the information schema.
const ours = `nspname in ('s1', 's2', 'public')`;
const relations = `pg_class r join pg_namespace n on n.oid = r.relnamespace`;

/** Queries by what they show. Each orders its rows. */
export const snapshotQueries: Readonly<Record<string, string>> = {
  relations: `select nspname, relname, relkind, relpersistence, relowner::regrole, relchecks, relhasindex, relreplident, relnatts, reltype <> 0, reloftype::regtype, relispopulated, relisshared, reloptions, array_to_string(relacl, ' ') from ${relations} where ${ours} order by 1, 2`,
  columns: `select attrelid::regclass::text, attname, attnum, atttypid::regtype::text, atttypmod, attlen, attndims, attbyval, attalign, attstorage, attcompression, attnotnull, atthasdef, atthasmissing, attidentity, attgenerated, attisdropped, attislocal, attinhcount, attstattarget, attcollation::regcollation::text, attacl::text, attoptions, pg_get_expr(adbin, adrelid) from pg_attribute a left join pg_attrdef d on (adrelid, adnum) = (attrelid, attnum) join ${relations} on r.oid = attrelid where attnum > 0 and ${ours} order by 1, 3`,
  constraints: `select conrelid::regclass::text, contypid::regtype::text, conname, contype, condeferrable, condeferred, convalidated, conindid::regclass::text, confrelid::regclass::text, confupdtype, confdeltype, confmatchtype, conislocal, coninhcount, connoinherit, conkey, confkey, confdelsetcols, conpfeqop::regoperator[], pg_get_constraintdef(c.oid), pg_get_constraintdef(c.oid, true) from pg_constraint c join pg_namespace n on n.oid = connamespace where ${ours} order by 1, 2, 3`,
  indexes: `select indexrelid::regclass::text, indrelid::regclass::text, indnatts, indnkeyatts, indisunique, indnullsnotdistinct, indisprimary, indimmediate, indisclustered, indisvalid, indisready, indislive, indisreplident, indkey::text, indcollation::oid[]::regcollation[]::text, indoption::text, pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 1, true), pg_get_expr(indpred, indrelid) from pg_index join ${relations} on r.oid = indexrelid where ${ours} order by 1`,
  types: `select t.oid::regtype::text, typlen, typbyval, typtype, typcategory, typispreferred, typrelid::regclass::text, typelem::regtype, typarray::regtype, typname, typalign, typstorage, typnotnull, typbasetype::regtype, typtypmod, typndims, typcollation::regcollation::text, typdefault, typowner::regrole, typacl::text, (select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = t.oid) from pg_type t join pg_namespace n on n.oid = typnamespace where ${ours} order by 1, typname`,
  views: `select r.oid::regclass::text, pg_get_viewdef(r.oid), pg_get_viewdef(r.oid, true), pg_relation_is_updatable(r.oid, true) from ${relations} where relkind in ('v', 'm') and ${ours} order by 1`,
  sequences: `select s.seqrelid::regclass::text, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle, pg_sequence_last_value(seqrelid) from pg_sequence s join ${relations} on r.oid = seqrelid where ${ours} order by 1`,
  functions: `select p.oid::regprocedure::text, pg_get_functiondef(p.oid), proowner::regrole, proacl::text from pg_proc p join pg_namespace n on n.oid = pronamespace where ${ours} order by 1`,
  statistics: `select stxname, nspname, pg_get_statisticsobjdef(s.oid), stxowner::regrole, stxstattarget from pg_statistic_ext s join pg_namespace n on n.oid = stxnamespace where ${ours} order by 1, 2`,
  schemas: `select nspname, nspowner::regrole, nspacl::text from pg_namespace where ${ours} order by 1`,
  dependencies: `select pg_describe_object(classid, objid, objsubid), pg_describe_object(refclassid, refobjid, refobjsubid), deptype, count(*) from pg_depend where objid >= 16384 and pg_describe_object(classid, objid, objsubid) !~ 'toast|ConstraintTrigger' group by 1, 2, 3 order by 1, 2, 3`,
  'shared dependencies': `select pg_describe_object(classid, objid, objsubid), refobjid::regrole, deptype from pg_shdepend where dbid = (select oid from pg_database where datname = current_database()) order by 1, 2::text, 3`,
  comments: `select pg_describe_object(classoid, objoid, objsubid), description from pg_description where objoid >= 16384 order by 1, 2`,
  'default privileges': `select defaclrole::regrole::text, coalesce(nspname, ''), defaclobjtype, defaclacl::text from pg_default_acl left join pg_namespace n on n.oid = defaclnamespace order by 1, 2, 3`,
  roles: `select rolname, array(select (roleid::regrole, admin_option, inherit_option, set_option)::text from pg_auth_members where member = a.oid order by 1) from pg_authid a where rolname like 'ddl_%' order by 1`,
  ...Object.fromEntries(
    [
      'columns table_schema',
      'tables table_schema',
      'views table_schema',
      'table_constraints table_schema',
      'key_column_usage table_schema',
      'constraint_column_usage table_schema',
      'constraint_table_usage table_schema',
      'check_constraints constraint_schema',
      'referential_constraints constraint_schema',
      'domains domain_schema',
      'domain_constraints domain_schema',
      'domain_udt_usage domain_schema',
      'column_domain_usage domain_schema',
      'column_udt_usage udt_schema',
      'column_column_usage table_schema',
      'column_privileges table_schema',
      'role_table_grants table_schema',
      'table_privileges table_schema',
      'usage_privileges object_schema',
      'udt_privileges udt_schema',
      'sequences sequence_schema',
      'view_column_usage table_schema',
      'view_table_usage table_schema',
      'view_routine_usage table_schema',
      'routines routine_schema',
      'parameters specific_schema',
      'attributes udt_schema',
      'user_defined_types user_defined_type_schema',
      'element_types object_schema',
      'schemata schema_name',
    ].map((entry) => {
      const [view, schema] = entry.split(' ');
      return [
        `information_schema.${view}`,
        `select regexp_replace(t::text, '\\m\\d+_\\d+_(\\d+_not_null)|_\\d{4,}', '_N\\1', 'g') from information_schema.${view} t where ${schema} in ('s1', 's2', 'public') order by 1`,
      ];
    }),
  ),
};
