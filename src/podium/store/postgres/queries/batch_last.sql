SELECT number FROM batches WHERE store = %s
