"""The questions that calls of one run have put to people and that are still open."""

from collections.abc import Iterable, Sequence

from podium.store.asking import WithdrawQuestion


class OpenQuestions:
    """Remembers, by the key of the call, which questions to withdraw once nobody needs their answers."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids: dict[str, list[str]] = {}

    def add(self, key: str, question: str) -> None:
        """Note that a question was put for what is under a key; a second time changes nothing."""
        ids = self._ids.setdefault(key, [])
        if question not in ids:
            ids.append(question)

    def close(self, key: str, question: str) -> None:
        """Forget a question: it was answered, or its time is over."""
        ids = self._ids.get(key, [])
        if question in ids:
            ids.remove(question)
        if not ids:
            self._ids.pop(key, None)

    def withdraw(self, keys: Iterable[str]) -> Sequence[WithdrawQuestion]:
        """Forget all questions under these keys; returns what takes them out of the inbox."""
        if not self._ids:
            return ()
        return [WithdrawQuestion(question) for key in keys for question in self._ids.pop(key, ())]

    def withdraw_one(self, key: str, question: str) -> WithdrawQuestion:
        """Forget one question; returns what takes it out of the inbox."""
        self.close(key, question)
        return WithdrawQuestion(question)
