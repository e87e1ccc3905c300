-- Options of foreign-data wrappers.
SELECT x.foreign_data_wrapper_catalog, x.foreign_data_wrapper_name, o.option_name, o.option_value
FROM information_schema._pg_foreign_data_wrappers x CROSS JOIN LATERAL pg_options_to_table(x.fdwoptions) o
