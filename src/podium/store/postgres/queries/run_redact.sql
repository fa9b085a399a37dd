UPDATE runs SET epoch = %s, reason = %s, facts = %s, head = %s WHERE n = %s
