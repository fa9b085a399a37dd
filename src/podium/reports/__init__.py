"""What is read from the facts: who failed, what it cost, who decided. May import engine, store and what is below."""
