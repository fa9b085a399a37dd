SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database() AND usename = current_user AND state <> 'idle' AND pid <> pg_backend_pid()
