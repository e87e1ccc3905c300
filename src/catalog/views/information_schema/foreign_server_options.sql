-- Options of foreign servers.
SELECT x.foreign_server_catalog, x.foreign_server_name, o.option_name, o.option_value
FROM information_schema._pg_foreign_servers x CROSS JOIN LATERAL pg_options_to_table(x.srvoptions) o
