-- Allocations of shared memory.
SELECT * FROM pg_get_shmem_allocations()
