"""The agents of a code review: those who look, and those who put together what was seen."""
