UPDATE memory SET value = %(3)s, version = version + 1, writer = %(4)s, at = %(5)s, until = %(6)s WHERE scope = %(1)s AND key = %(2)s
RETURNING n, version
