DELETE FROM facts USING unnest(%s::bigint[]) AS r (n) WHERE place BETWEEN r.n << 24 AND (r.n << 24) + 16777215
