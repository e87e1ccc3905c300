-- Extensions that can be installed.
SELECT a.name, a.default_version, e.extversion AS installed_version, a.comment
FROM pg_available_extensions() a LEFT JOIN pg_extension e ON e.extname = a.name
