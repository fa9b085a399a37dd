"""How the reviewers write numbers."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 test`, `2 tests`, `3 people`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
