-- Statistics of the background writer.
SELECT pg_stat_get_bgwriter_buf_written_clean() AS buffers_clean,
  pg_stat_get_bgwriter_maxwritten_clean() AS maxwritten_clean, pg_stat_get_buf_alloc() AS buffers_alloc,
  pg_stat_get_bgwriter_stat_reset_time() AS stats_reset
