-- Time zones that SET TIMEZONE knows.
SELECT * FROM pg_timezone_names()
