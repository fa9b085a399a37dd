"""The comparison of patterns is what its page says: folds apart, calls counted, tables as they are printed."""

import asyncio
import functools
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from examples.which_pattern.measuring import Result, compare
from examples.which_pattern.messages import FOLDS, NO_PAGE, Message, handbook, messages, split
from examples.which_pattern.readers import best
from examples.which_pattern.report import BEGIN, END, PAGE, lines_of, sign_test, tables, wilson, written
from examples.which_pattern.staff import CHEAP, OFFERS, Staff
from examples.which_pattern.teams import TEAMS, Team
from examples.which_pattern.trained import READERS, Trained
from podium.patterns import Pattern, race
from podium.testing import DrivenClock


def first_pages(number: int) -> list[Message]:
    """Return all messages of the first pages: a slice in which every fold has some of each."""
    known = messages()
    pages = list(dict.fromkeys(each.page for each in known))[:number]
    return [each for each in known if each.page in pages]


def raced(staff: Staff) -> Pattern[Any, Any]:
    return race(staff.reader("handbook"), staff.reader("keywords"), name="raced")


SLICE = [
    *(team for team in TEAMS if team.title.startswith(("`bayes` alone", "`sequence`", "`refine`"))),
    Team(title="a race that is cut off", build=raced),
]


@pytest.fixture(scope="module")
def executed() -> Counter[str]:
    """How often the agents' functions were executed, whatever any journal says; `results` counts them."""
    return Counter()


@pytest.fixture(scope="module")
def results(executed: Counter[str]) -> list[Result]:
    """What the teams made of the messages of the first pages."""
    hire = Staff.hire

    def counting(self: Staff, name: str, function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            executed[name] += 1
            return function(*args, **kwargs)

        return hire(self, name, counted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Staff, "hire", counting)
        return asyncio.run(compare(SLICE, first_pages(3)))


def test_there_are_534_messages_and_each_is_about_a_page_that_there_is_or_about_none() -> None:
    known = messages()
    assert len(known) == 534
    assert {each.page for each in known} == {*handbook(), NO_PAGE}


def test_folds_do_not_overlap_and_together_are_everything() -> None:
    known = messages()
    parts = [split(known, fold) for fold in range(FOLDS)]
    for learnt, asked in parts:
        assert not {each.number for each in learnt} & {each.number for each in asked}
        assert len(learnt) + len(asked) == len(known)
    assert sorted(each.number for _, asked in parts for each in asked) == list(range(len(known)))


def test_a_reader_learns_how_sure_it_is_from_training_messages_alone() -> None:
    learnt, _ = split(first_pages(3), 0)
    assert sorted(each.message.number for each in Trained("keywords", learnt).tries) == [each.number for each in learnt]


def test_each_message_is_answered_once_by_each_team_and_the_price_is_that_of_the_calls_really_made(
    results: list[Result], executed: Counter[str]
) -> None:
    for result in results:
        assert [each.message for each in result.done] == first_pages(3)
        assert None not in {each.page for each in result.done}
    paid = sum(each.usd for result in results for each in result.done)
    assert paid == pytest.approx(sum(OFFERS[name].usd * times for name, times in executed.items()))
    assert executed["normalise"] == len(first_pages(3))


def test_time_is_that_of_the_longest_path_and_a_call_that_is_cut_off_is_paid_for(results: list[Result]) -> None:
    bayes, sequence, _, cut_off = results
    assert {round(each.seconds, 6) for each in bayes.done} == {0.3}
    assert {round(each.seconds, 6) for each in sequence.done} == {0.4}
    assert {round(each.seconds, 6) for each in cut_off.done} == {0.05}
    assert {each.called for each in cut_off.done} == {("handbook", "keywords")}


def test_the_tables_have_a_row_for_each_team_in_the_form_of_the_page(results: list[Result]) -> None:
    printed = tables(results).splitlines()
    page = published().splitlines()
    forms = [printed[0].replace("Right of 30", "Right of 534"), printed[1]]
    assert page[:2] == forms
    second = printed.index("")
    assert page[page.index("") + 1 : page.index("") + 3] == printed[second + 1 : second + 3]
    for line in [*printed[2:second], *page[2 : page.index("")]]:
        assert OUTCOME.fullmatch(line), line
    for line in [*printed[second + 3 :], *page[page.index("") + 3 :]]:
        assert MADE_OF.fullmatch(line), line


CHANCE = r"\+\d+ \u2212\d+, p (?:< 0\.001|= [01]\.\d{3})"
OUTCOME = re.compile(
    rf"\| [^|]+ \| \d+ \| \d+\.\d% \(\d+\.\d% to \d+\.\d%\) \| \d+\.\d\d \| \d+\.\d\d \| \d+\.\d\d"
    rf" \| (?:|`\w+`: the same|`\w+`: {CHANCE}) \|"
)
MADE_OF = re.compile(r"\| [^|]+ \| \d \| \d+\.\d\d \| \d+\.\d \| \d+ \| \d+\.\d \|")


def published() -> str:
    """Return the tables of the page."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_has_all_teams_in_their_order_and_the_lines_of_code_they_have_today() -> None:
    first, second = ([cells(line) for line in table.splitlines()[2:]] for table in published().split("\n\n"))
    assert [row[0] for row in first] == [team.title for team in TEAMS]
    assert [(row[0], row[4]) for row in second] == [(team.title, str(lines_of(team))) for team in TEAMS]


def test_what_the_page_says_of_readers_alone_is_what_they_get_right_without_any_engine() -> None:
    rows = [cells(line) for line in published().split("\n\n")[0].splitlines()[2:]]
    said = {row[0]: int(row[1]) for row in rows}
    for name in ("keywords", "raw_bayes", "bayes", "nearest", "handbook"):
        right = 0
        for fold in range(FOLDS):
            learnt, asked = split(messages(), fold)
            reader = READERS[name](learnt)
            right += sum(best(reader.scores(each.text)) == each.page for each in asked)
        assert said[f"`{name}` alone"] == right


def test_the_page_lists_the_price_and_the_time_of_each_agent() -> None:
    listed = {
        name: (float(row[2]), float(row[3]))
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and len(row := cells(line)) == 4 and row[0].startswith("`")
        for name in re.findall(r"`(\w+)`", row[0])
    }
    assert listed == {name: (offer.usd, offer.seconds) for name, offer in OFFERS.items()}


def test_all_22_patterns_are_in_the_guide() -> None:
    guide = PAGE.read_text(encoding="utf-8").partition("## By situation")[2].partition("\n## ")[0]
    there = {path.stem for path in (PAGE.parents[1] / "how-to" / "patterns").glob("*.md")}
    assert len(there) == 22
    assert sorted(re.findall(r"\]\(\.\./how-to/patterns/(\w+)\.md\)", guide)) == sorted(there)


def test_a_page_keeps_what_stands_around_its_tables() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n"
    assert written(page, "new\n") == f"before\n{BEGIN}\nnew\n\n{END}after\n"
    assert written(written(page, "new\n"), "new\n") == written(page, "new\n")


def test_intervals_and_chances_are_those_of_the_textbook() -> None:
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=5e-5)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=5e-5)
    assert sign_test(9, 1) == pytest.approx(22 / 1024)
    assert sign_test(4, 4) == 1.0


def test_a_cheap_reader_is_trusted_only_where_it_loses_no_more_than_is_allowed() -> None:
    learnt, _ = split(first_pages(4), 0)
    reader, expert = Trained("keywords", learnt), Trained("handbook", learnt)
    trusted: list[int] = []
    for loss in (0.0, 0.05, 1.0):
        bar = reader.bar(expert, loss)
        pairs = [pair for pair in zip(reader.tries, expert.tries, strict=True) if reader.sure(pair[0].lead) >= bar]
        assert sum(its.right - mine.right for mine, its in pairs) <= loss * len(learnt)
        trusted.append(len(pairs))
    assert trusted[0] < trusted[1] < trusted[2] == len(learnt)


def test_the_staff_knows_its_own_strength_from_training() -> None:
    staff = Staff(split(first_pages(2), 0)[0], DrivenClock())
    right = [staff.trained(name).right for name in staff.by_strength()]
    assert right == sorted(right, reverse=True)
    assert sorted(staff.by_strength()) == sorted(CHEAP)
