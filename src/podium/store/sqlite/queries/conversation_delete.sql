DELETE FROM conversations WHERE n = ?
