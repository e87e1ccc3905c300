-- Time zone abbreviations that datetime input knows.
SELECT * FROM pg_timezone_abbrevs()
