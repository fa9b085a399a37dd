SELECT pg_notify('podium_streams_' || md5(current_schema()), %s)
