"""Circuit breakers: stop calling an agent that keeps failing."""
