-- GSSAPI use of each connection.
SELECT s.pid, s.gss_auth AS gss_authenticated, s.gss_princ AS principal, s.gss_enc AS encrypted,
  s.gss_delegation AS credentials_delegated
FROM pg_stat_get_activity(NULL) s WHERE s.client_port IS NOT NULL
