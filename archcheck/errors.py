"""What people can mend: errors whose message is one sentence that says what, where, why and how."""
from __future__ import annotations


class UserError(Exception):
    """Something the user gave cannot be used; the message is shown as it is, and the exit code is 2."""
