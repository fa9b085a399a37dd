"""No use of a tool is parted from its result, wherever a conversation is."""

from hypothesis import given
from hypothesis import strategies as st

from podium.model.json import Json
from podium.model.tool_uses import cuts_in

_USES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=8)


def _messages(uses: list[tuple[int, int]]) -> list[Json]:
    """Return messages with uses of tools at some places, and their results later, if ever."""
    messages: list[Json] = [{"kind": "request", "parts": []} for _ in range(13)]
    for number, (begin, end) in enumerate(uses):
        named = {"tool_name": f"t{number}", "tool_call_id": f"c{number}"}
        messages[begin]["parts"].append({"part_kind": "tool-call", **named})
        if end > begin:
            messages[end]["parts"].append({"part_kind": ("tool-return", "retry-prompt")[number % 2], **named})
    return messages


@given(_USES)
def test_a_place_is_cut_exactly_where_a_use_is_before_it_and_its_result_is_not(uses: list[tuple[int, int]]) -> None:
    cuts = cuts_in(_messages(uses))
    for place in range(14):
        over = {f"t{number}" for number, (begin, end) in enumerate(uses) if begin < place <= end}
        assert (place in cuts) == bool(over)
        assert cuts.get(place) in over or not over


def test_an_id_that_is_used_again_is_of_the_use_before() -> None:
    use = {"part_kind": "tool-call", "tool_name": "t", "tool_call_id": "c"}
    result = {**use, "part_kind": "tool-return"}
    messages: list[Json] = [{"parts": [each]} for each in (use, result, use, result)]
    assert sorted(cuts_in(messages)) == [1, 3]
