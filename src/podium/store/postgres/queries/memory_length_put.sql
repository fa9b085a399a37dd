UPDATE memory SET words = %s WHERE n = %s
