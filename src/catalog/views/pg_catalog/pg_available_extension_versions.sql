-- Versions of extensions that can be installed.
SELECT a.name, a.version, e.extname IS NOT NULL AS installed, a.superuser, a.trusted, a.relocatable, a.schema,
  a.requires, a.comment
FROM pg_available_extension_versions() a
  LEFT JOIN pg_extension e ON e.extname = a.name AND e.extversion = a.version
