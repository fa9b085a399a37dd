SELECT v, signs FROM answers_vectors WHERE among = ? AND v > ? ORDER BY v
