"""How a run survives: context, replay, ownership. Imports `dispatch`, `agents`, `store` and what lies below them."""
