DELETE FROM conversations WHERE n = %s
