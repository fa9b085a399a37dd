UPDATE runs SET costed_from = %s, costed_to = %s WHERE n = %s
