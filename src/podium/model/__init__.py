"""The words of Podium: frozen dataclasses, enums and Protocols. Imports `errors` and the standard library only."""
