INSERT INTO workers (id, host, pid, born, beat, since, version, queues, slots, lease, heard_at)
SELECT %(1)s, %(2)s, %(3)s, %(4)s, %(5)s, %(5)s, %(6)s, %(7)s, %(8)s, %(9)s, extract(epoch FROM clock_timestamp()) WHERE NOT EXISTS (SELECT 1 FROM moved)
RETURNING 1
