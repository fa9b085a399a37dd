"""What a server has, a file for each kind: every call of the API is described here, once for both clients."""
