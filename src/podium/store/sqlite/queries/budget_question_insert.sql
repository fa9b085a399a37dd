INSERT OR IGNORE INTO budget_questions (id, run, budget, lead) VALUES (?, ?, ?, ?)
