SELECT 'podium_streams_' || md5(current_schema())
