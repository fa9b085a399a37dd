SELECT 'podium_' || md5(current_schema())
