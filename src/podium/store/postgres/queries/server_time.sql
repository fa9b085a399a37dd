-- Not that of the transaction: it may have begun long ago.
SELECT extract(epoch FROM clock_timestamp())::float8
