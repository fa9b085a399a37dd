SELECT pg_try_advisory_xact_lock(hashtextextended('podium reaping of ' || current_schema(), 0))
