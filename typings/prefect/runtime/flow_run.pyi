id: str | None
