-- Login roles, passwords blanked out.
SELECT usename, usesysid, usecreatedb, usesuper, userepl, usebypassrls, text '********' AS passwd, valuntil, useconfig
FROM pg_shadow
