DELETE FROM webhooks WHERE id = %s
