UPDATE runs SET generation = %s, since = %s, version = %s, wake = wake + 1 WHERE n = %s
