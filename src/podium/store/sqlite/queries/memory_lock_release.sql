UPDATE memory_locks SET until = ?4 WHERE scope = ?1 AND key = ?2 AND token = ?3 AND until > ?4
