-- Memberships that the user has, directly or through roles.
SELECT a.rolname AS grantee, b.rolname AS role_name, CASE WHEN m.admin_option THEN 'YES' ELSE 'NO' END AS is_grantable
FROM (SELECT member, roleid, admin_option FROM pg_auth_members
    UNION SELECT datdba, g.oid, false FROM pg_database, pg_authid g
      WHERE datname = current_database() AND g.rolname = 'pg_database_owner') m
  JOIN pg_authid a ON a.oid = m.member
  JOIN pg_authid b ON b.oid = m.roleid
WHERE pg_has_role(a.oid, 'USAGE')
