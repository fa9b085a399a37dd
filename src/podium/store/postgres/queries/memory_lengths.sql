SELECT count(*), coalesce(avg(words), 0)::double precision FROM memory
