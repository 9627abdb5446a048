"""``render(report) -> str``, one module a format."""
