UPDATE conversations SET revision = revision + ?, changed_at = ? WHERE n = ?
