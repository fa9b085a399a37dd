"""Loop detection: stop runs that go round in circles."""
