"""What of a question is looked for, and which texts hold enough of it."""

import pytest

from podium.model.ranking import fused, holds_much, words_of_question


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is the state of T-4813?", ["state", "t", "4813"]),
        ("Refund, refund or REFUND", ["refund"]),
        ("to be or not to be", ["to", "be", "or", "not"]),  # all of them say little
        ("Wo ist Müllers Paket?", ["wo", "ist", "müllers", "paket"]),
        ('"" OR *', ["or"]),
        ("", []),
    ],
)
def test_words_that_say_little_are_left_out_unless_there_are_no_others(question: str, words: list[str]) -> None:
    assert words_of_question(question) == words


@pytest.mark.parametrize(
    ("text", "words", "held"),
    [
        ("the invoice was paid", ["invoice", "late"], True),
        ("the invoice was paid", ["invoice", "late", "fee"], False),
        ("delivered on Monday", ["delivery"], True),
        ("deliverance", ["delivery"], True),  # taken for the same: endings are not understood
        ("cars", ["car"], False),  # too short for that
        ("anything", [], True),
    ],
)
def test_a_text_holds_much_that_has_half_of_the_words(text: str, words: list[str], held: bool) -> None:  # noqa: FBT001
    assert holds_much(text, words) is held


def test_lists_are_merged_by_the_places_in_them() -> None:
    assert fused(["a", "b", "c"], ["b", "d"], limit=10) == ["b", "a", "d", "c"]
    assert fused(["a", "b", "c"], ["b", "d"], limit=1) == ["b"]
    assert fused(["a", "b"], limit=10) == ["a", "b"]


def test_what_is_first_in_one_list_goes_before_what_is_in_the_middle_of_both() -> None:
    words, meaning = ["first", "a", "b", "c", "both"], ["d", "e", "f", "g", "both"]
    assert fused(words, meaning, limit=10)[:3] == ["first", "d", "both"]
