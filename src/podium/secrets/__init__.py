"""Secrets by reference: looked up when they are used, and masked wherever they would show. Imports only `errors`."""

from podium.secrets.logs import MaskingFilter
from podium.secrets.secret import Secret

__all__ = ["MaskingFilter", "Secret"]
