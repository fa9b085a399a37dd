"""Which Podium this is."""

VERSION = "0.1.0"
"""As it is packaged. Asking the package itself takes 20 ms, which each start of a program would pay."""
