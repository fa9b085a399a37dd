SELECT pg_advisory_xact_lock(hashtextextended('podium ledger of ' || current_schema(), 0))
