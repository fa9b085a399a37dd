UPDATE memory_locks SET until = %(4)s WHERE scope = %(1)s AND key = %(2)s AND token = %(3)s AND until > %(4)s
