-- Cursors that are open in the session.
SELECT * FROM pg_cursor()
