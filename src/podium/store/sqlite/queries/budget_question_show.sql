UPDATE budget_questions SET lead = ?2 WHERE lead = ?1 AND id <> ?1
