-- What was committed before a crash may not be where a standby has it yet: the commit of this waits for that too.
UPDATE batches SET at = extract(epoch FROM now()) WHERE store = %s AND number = %s
