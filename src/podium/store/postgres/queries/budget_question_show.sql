UPDATE budget_questions SET lead = %(next)s WHERE lead = %(lead)s AND id <> %(lead)s
