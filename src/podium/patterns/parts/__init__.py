"""What several patterns share: ballots, boards, schedules, charts. Mostly pure logic, tested without the engine."""
