SELECT v, signs FROM answers_vectors WHERE among = %s AND v > %s ORDER BY v
