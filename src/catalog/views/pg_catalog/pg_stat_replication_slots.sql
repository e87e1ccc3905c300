-- Statistics of logical replication slots.
SELECT t.slot_name, t.spill_txns, t.spill_count, t.spill_bytes, t.stream_txns, t.stream_count, t.stream_bytes,
  t.total_txns, t.total_bytes, t.stats_reset
FROM pg_replication_slots s CROSS JOIN LATERAL pg_stat_get_replication_slot(s.slot_name::text) t
WHERE s.datoid IS NOT NULL
