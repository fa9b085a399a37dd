UPDATE webhooks SET off = %s WHERE id = %s AND off IS NULL
