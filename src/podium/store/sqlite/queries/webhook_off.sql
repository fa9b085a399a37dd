UPDATE webhooks SET off = ? WHERE id = ? AND off IS NULL
