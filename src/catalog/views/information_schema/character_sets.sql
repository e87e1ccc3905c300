-- The one character set: the database encoding. Columns left out are null.
SELECT pg_encoding_to_char(d.encoding) AS character_set_name,
  CASE WHEN pg_encoding_to_char(d.encoding) = 'UTF8' THEN 'UCS' ELSE pg_encoding_to_char(d.encoding) END AS character_repertoire,
  pg_encoding_to_char(d.encoding) AS form_of_use, current_database() AS default_collate_catalog, n.nspname AS default_collate_schema,
  c.collname AS default_collate_name
FROM pg_database d
  LEFT JOIN (pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace)
    ON c.collcollate = d.datcollate AND c.collctype = d.datctype
WHERE d.datname = current_database()
ORDER BY char_length(c.collname) DESC, c.collname ASC LIMIT 1
