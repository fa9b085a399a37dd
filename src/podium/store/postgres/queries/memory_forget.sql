DELETE FROM memory WHERE scope = %s AND key = %s AND until <= %s
