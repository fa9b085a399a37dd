"""Secrets in logs."""

import logging
import traceback

from podium.secrets.masking import MASKING


class MaskingFilter(logging.Filter):
    """Masks secrets in all that a handler writes: `handler.addFilter(MaskingFilter())`. Podium's own log has one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask message and traceback of a record; never holds one back."""
        if MASKING.active:
            record.msg, record.args = MASKING.text(record.getMessage()), None
            if record.exc_info and not record.exc_text:
                record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            if record.exc_text:
                record.exc_text, record.exc_info = MASKING.text(record.exc_text), None
            if record.stack_info:
                record.stack_info = MASKING.text(record.stack_info)
        return True


logging.getLogger("podium").addFilter(MaskingFilter())
