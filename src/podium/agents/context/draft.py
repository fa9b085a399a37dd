"""A request to a model while rules shorten it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from podium.agents.context.counting import TokenCounter, estimated_tokens, tokens_of
from podium.agents.context.groups import groups_of
from podium.agents.context.piece import Piece, SaidPart, WholeRequest
from podium.model.context_change import ContextChange, ContextChangeKind, spans
from podium.model.trimming import trimmed_message


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRequest:
    """What is sent of a request."""

    parts: Mapping[int, Sequence[SaidPart]]
    """The parts of each piece that is sent, by its place among all pieces, in their order."""
    summary: tuple[int, str] | None
    """The summary that is sent before a piece, or in place of it, as what the user says."""
    changes: Sequence[ContextChange]
    """What each rule did; empty where the request is sent as it is."""


class Draft:
    """A request: what is sent of it by now, and why not the rest.

    Its messages are in groups, of which each is sent as a whole or not at all. Always sent are instructions, the last
    question, and the last group, which the model is to go on from.
    """

    def __init__(self, request: WholeRequest) -> None:
        self.request = request
        self.groups = groups_of(request.pieces)
        self.sent = set(range(len(self.groups)))
        """The groups that are sent."""
        self.pinned: set[int] = set()
        """The groups that are sent whatever rules say."""
        self.summarized: set[int] = set()
        """The groups in place of which the summary is sent."""
        self.summary = ""
        self.changes: list[ContextChange] = []
        self._left_out: set[int] = set()
        """The messages that rules have left out, or some of them."""
        self._pieces: dict[int, Piece] = dict(enumerate(request.pieces))

    @cached_property
    def required(self) -> frozenset[int]:
        """The groups without which the request makes no sense."""
        last = len(self.groups) - 1
        said = max((at for at, each in enumerate(self.groups) if each.question or each.interrupted), default=0)
        asked = max((at for at, each in enumerate(self.groups) if each.asks), default=0)
        question = self.groups[said].asked_by if self.groups else None
        return frozenset({said if question is None else question, said, max(said, asked), last} if self.groups else ())

    @cached_property
    def _messages(self) -> list[frozenset[int]]:
        """The messages that each group is of."""
        return [frozenset(self.request.pieces[piece].at for piece in each.pieces) for each in self.groups]

    @property
    def kept(self) -> set[int]:
        """The groups that no rule leaves out: those that are required or pinned, and what pinned ones answer."""
        asked_by = {self.groups[each].asked_by for each in self.pinned}
        asked = {each for each in asked_by if each is not None and each in self.sent}
        return {*(self.required & self.sent), *(self.pinned & self.sent), *asked}

    def last_of(self, groups: Collection[int], most: int, given: Iterable[int] = ()) -> set[int]:
        """Return the last of some groups, as many as are of so many messages at most, together with those given."""
        messages = {at for group in given for at in self._messages[group]}
        last = set[int]()
        for group in sorted(groups, reverse=True):
            messages |= self._messages[group]
            if len(messages) > most:
                break
            last.add(group)
        return last

    def pieces_of(self, groups: Iterable[int]) -> list[Piece]:
        """Return the pieces of groups, in their order, as they are sent."""
        return [self._pieces[piece] for group in sorted(groups) for piece in self.groups[group].pieces]

    def tokens(self, groups: Iterable[int], count: TokenCounter) -> int:
        """Return the tokens of a request that sends these groups, and whatever is always sent."""
        instructions = [each for each in self.request.pieces if each.stays]
        texts = [*self.request.besides, *([self.summary] if self.summary else [])]
        given = sum(map(count, texts)) + tokens_of(instructions, count)
        return given + tokens_of(self.pieces_of(groups), count)

    def send_only(self, groups: Collection[int], rule: object, count: TokenCounter = estimated_tokens) -> None:
        """Leave out what is not among these groups, and answers to questions that are left out."""
        kept = self.kept
        sent = self._answered({*groups, *kept} & self.sent, kept)
        left = self.sent - sent
        self.sent = sent
        if left:  # of a message in groups of its own some may be left out already
            messages = self._messages_of(left)
            self._note(rule, "left_out", messages - self._left_out, tokens_of(self.pieces_of(left), count))
            self._left_out |= messages

    def trim(self, old: AbstractSet[int], results: Sequence[int], characters: int, rule: object) -> None:
        """Send only the beginning of the results of tools in some pieces, of all that have results."""
        saved, shorter = 0, set[int]()
        for place in sorted(old):
            before = self._pieces[place]
            now = trimmed_message({"parts": before.parts}, characters)["parts"]
            if now == before.parts:
                continue
            self._pieces[place] = replace(before, parts=now)
            shorter.add(place)
            saved += tokens_of([before], estimated_tokens) - tokens_of([self._pieces[place]], estimated_tokens)
        if shorter:
            found = tuple(self._runs(old, results))
            messages = len({self.request.pieces[each].at for each in shorter})
            self._add(rule, "trimmed", messages, found, saved, characters)

    def _runs(self, old: AbstractSet[int], results: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Give the messages from one to another between which no result is whole."""
        for is_old, run in groupby(results, key=lambda each: each in old):
            if is_old:
                places = [self.request.pieces[each].at for each in run]
                yield places[0], places[-1] - places[0] + 1

    def summarize(self, groups: Collection[int], summary: str, rule: object, count: TokenCounter) -> None:
        """Send a summary in place of groups, and of the summary that was sent before, if there was one."""
        self.summarized |= set(groups)
        self.sent -= self.summarized
        self.summary = summary
        saved = tokens_of(self.pieces_of(self.summarized), count) - count(summary)
        self.changes = [each for each in self.changes if each.kind != "summarized"]
        self._note(rule, "summarized", self._messages_of(self.summarized), saved)

    def drop_summary(self) -> None:
        """Send what was summarized itself, as far as it fits."""
        self.sent |= self.summarized
        self.summarized = set()
        self.summary = ""
        self.changes = [each for each in self.changes if each.kind != "summarized"]

    def fitted(self) -> FittedRequest:
        """Return what is sent."""
        out = {piece for at, group in enumerate(self.groups) if at not in self.sent for piece in group.pieces}
        parts = {place: piece.parts for place, piece in self._pieces.items() if place not in out}
        first = min((self.groups[each].pieces[0] for each in self.summarized), default=0)
        summary = (first, self.summary) if self.summary else None
        return FittedRequest(parts=parts, summary=summary, changes=tuple(self.changes))

    def _answered(self, chosen: AbstractSet[int], kept: AbstractSet[int]) -> set[int]:
        """Return those of the groups that are kept, or whose question is among them or summarized.

        Of groups before the first question all are left out after the first that is.
        """
        found, whole = set[int](), True
        for group in range(min(self.sent, default=0), len(self.groups)):
            asked = self.groups[group].asked_by
            known = whole if asked is None else asked in chosen or asked in self.summarized
            if group in chosen and (group in kept or known):
                found.add(group)
            whole &= group in chosen
        return found

    def _messages_of(self, groups: Iterable[int]) -> set[int]:
        return {message for group in groups for message in self._messages[group]}

    def _note(self, rule: object, kind: ContextChangeKind, messages: Collection[int], tokens: int) -> None:
        self._add(rule, kind, len(messages), spans(messages), tokens)

    def _add(
        self, rule: object, kind: ContextChangeKind, messages: int, places: tuple[tuple[int, int], ...], tokens: int,
        characters: int = 0,
    ) -> None:  # fmt: skip
        self.changes.append(ContextChange(
            rule=str(rule), kind=kind, messages=messages, places=places, tokens=tokens, characters=characters
        ))  # fmt: skip
