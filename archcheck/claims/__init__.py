"""Claims: figures that papers, slides or you state of networks, held against what is computed.

``docs/claims.md`` is the manual. A verdict is worked out from what is printed and what is computed, and never
taken over; a recorded one that differs is a failure.
"""
from __future__ import annotations

from archcheck.claims._execute import Execution
from archcheck.claims._verify import Outcome, Verified, verify

__all__ = ["Execution", "Outcome", "Verified", "verify"]
