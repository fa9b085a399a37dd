"""Whether what was said of the questions of a run, and to whom they were given, are what the ledger says."""

from collections import Counter
from collections.abc import Sequence

from podium.model.audit import Audit, LedgerEntry
from podium.model.entered import REMARKED, StoredQuestion, StoredRemark, remark_head, value_digest
from podium.model.person import folded
from podium.store.codec import NULL


class RemarkAudit:
    """Checks the remarks on the questions of one run, and notes what it finds."""

    def __init__(self, found: Audit, where: str, entered: Sequence[LedgerEntry], *, redacted: bool) -> None:
        self._found = found
        self._where = where
        self._redacted = redacted
        self._heads = Counter(entry.head for entry in entered if entry.state == REMARKED)

    def check(self, stored: StoredQuestion) -> None:
        """Compare the remarks on a question with the ledger; takes their entries."""
        question = stored.question
        for each in stored.remarks:
            if wrong := self._wrong_with(each, question.id):
                self._found.fault(self._where, f"a remark of {each.by!r} on question {question.id} {wrong}")
        given = [each.assignee for each in stored.remarks if each.assignee is not None]
        last = given[-1] if given else None
        if (question.assignee, stored.assignee_folded) != (last, None if last is None else folded(last)):
            self._found.fault(self._where, f"question {question.id} was not given to {question.assignee!r}")

    def check_gone(self) -> None:
        """Note what was entered and is not there."""
        if gone := self._heads.total():
            what = f"{gone} of the remarks on questions that were entered in the ledger are not there"
            self._found.fault(self._where, what)

    def _wrong_with(self, remark: StoredRemark, question: str) -> str | None:
        head = remark_head(remark.id, question, remark.by, remark.at, remark.assignee, remark.digest)
        if not self._heads[head]:
            return "is not one that was entered in the ledger"
        self._heads[head] -= 1
        emptied = self._redacted and remark.salt is None and remark.text == NULL
        if not emptied and (remark.salt is None or value_digest(remark.salt, remark.text) != remark.digest):
            return "is not what was entered in the ledger"
        return None
