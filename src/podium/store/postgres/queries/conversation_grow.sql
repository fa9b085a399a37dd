UPDATE conversations SET revision = revision + %s, changed_at = %s WHERE n = %s
