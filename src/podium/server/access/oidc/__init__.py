"""Signing in by a provider that speaks OpenID Connect: its tokens, and the way of a browser there and back."""
