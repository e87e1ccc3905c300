-- Security labels of objects.
SELECT l.objoid, l.classoid, l.objsubid, i.type AS objtype, c.relnamespace AS objnamespace, i.identity AS objname,
  l.provider, l.label
FROM pg_seclabel l
  CROSS JOIN LATERAL pg_identify_object(l.classoid, l.objoid, l.objsubid) i
  LEFT JOIN pg_class c ON c.oid = l.objoid AND l.classoid = 'pg_class'::regclass
UNION ALL
SELECT l.objoid, l.classoid, 0, i.type, NULL::oid, i.identity, l.provider, l.label
FROM pg_shseclabel l CROSS JOIN LATERAL pg_identify_object(l.classoid, l.objoid, 0) i
