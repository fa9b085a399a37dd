"""Who does it, and under which rules: registry, router, middleware, invocation. Imports `store` and what lies below."""
