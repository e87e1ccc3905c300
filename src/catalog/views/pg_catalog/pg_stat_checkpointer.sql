-- Statistics of checkpoints.
SELECT pg_stat_get_checkpointer_num_timed() AS num_timed, pg_stat_get_checkpointer_num_requested() AS num_requested,
  pg_stat_get_checkpointer_restartpoints_timed() AS restartpoints_timed,
  pg_stat_get_checkpointer_restartpoints_requested() AS restartpoints_req,
  pg_stat_get_checkpointer_restartpoints_performed() AS restartpoints_done,
  pg_stat_get_checkpointer_write_time() AS write_time, pg_stat_get_checkpointer_sync_time() AS sync_time,
  pg_stat_get_checkpointer_buffers_written() AS buffers_written,
  pg_stat_get_checkpointer_stat_reset_time() AS stats_reset
