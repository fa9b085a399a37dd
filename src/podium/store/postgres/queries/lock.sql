SELECT pg_advisory_xact_lock(hashtextextended('podium ' || %s::text || ' of ' || current_schema(), 0))
