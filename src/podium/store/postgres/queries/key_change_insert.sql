INSERT INTO audit_keys (entry, old, new, at, by, why, signature, accepted) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
