SELECT assignee_folded, count(*) FROM questions
WHERE state = 'open' AND assignee_folded IS NOT NULL AND tenant = ?
    AND NOT EXISTS (SELECT 1 FROM budget_questions b WHERE b.id = questions.id AND b.lead <> b.id)
GROUP BY assignee_folded
