DELETE FROM batches WHERE store = %s OR at < extract(epoch FROM now()) - 604800
