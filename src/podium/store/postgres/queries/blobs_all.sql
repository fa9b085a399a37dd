SELECT hash, body FROM blobs
