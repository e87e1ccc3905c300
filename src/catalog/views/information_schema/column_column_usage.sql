-- Generated columns and the columns they read. Columns left out are null.
SELECT current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, source.attname AS column_name,
  target.attname AS dependent_column
FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attrdef f ON f.adrelid = c.oid
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
    AND d.refobjid = c.oid
  JOIN pg_attribute source ON source.attrelid = c.oid AND source.attnum = d.refobjsubid
  JOIN pg_attribute target ON target.attrelid = c.oid AND target.attnum = f.adnum
WHERE target.attgenerated <> '' AND source.attnum <> target.attnum AND pg_has_role(c.relowner, 'USAGE')
