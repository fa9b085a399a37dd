UPDATE reservations SET parts = c.parts::jsonb FROM unnest(%s::text[], %s::text[]) AS c (id, parts)
WHERE reservations.id = c.id
