"""What the settings say of secrets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSettings:
    """`[podium.secrets]`."""

    known: tuple[str, ...] = ()
    """References to secrets that are masked from the start, and that data may refer to."""
