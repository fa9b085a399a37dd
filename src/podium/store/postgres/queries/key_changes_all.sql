SELECT entry, old, new, at, by, why, signature, accepted FROM audit_keys ORDER BY entry
