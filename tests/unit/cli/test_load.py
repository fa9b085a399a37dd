"""What a file of a reader's holds."""

from pathlib import Path

from podium.cli.load import load

SOURCE = """
from podium import agent
from podium.patterns import parallel, sequence


@agent
async def shout(text: str) -> str:
    return text.upper()


one = parallel(shout, merge="".join)
other = parallel(shout, merge="".join)
whole = sequence(one, other, name="whole")
"""


def test_a_pattern_without_a_name_is_a_part_of_others_and_nothing_that_can_be_started(tmp_path: Path) -> None:
    (tmp_path / "unnamed_parts.py").write_text(SOURCE)
    loaded = load(tmp_path / "unnamed_parts.py")
    assert [each.card.name for each in loaded.agents] == ["shout", "whole"]
    assert loaded.workflow(None).card.name == "whole"
