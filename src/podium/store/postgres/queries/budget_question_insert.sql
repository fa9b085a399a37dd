INSERT INTO budget_questions (id, run, budget, lead) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
