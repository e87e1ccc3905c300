-- Options of foreign tables' columns.
SELECT current_database() AS table_catalog, x.nspname AS table_schema, x.relname AS table_name, x.attname AS column_name, o.option_name, o.option_value
FROM information_schema._pg_foreign_table_columns x CROSS JOIN LATERAL pg_options_to_table(x.attfdwoptions) o
