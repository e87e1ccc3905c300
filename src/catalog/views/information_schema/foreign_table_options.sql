-- Options of foreign tables.
SELECT x.foreign_table_catalog, x.foreign_table_schema, x.foreign_table_name, o.option_name, o.option_value
FROM information_schema._pg_foreign_tables x CROSS JOIN LATERAL pg_options_to_table(x.ftoptions) o
