"""How long a message that was not taken rests until it is tried again."""

from datetime import timedelta
from uuid import UUID


def after(attempts: int, message: UUID, *, first: timedelta, longest: timedelta) -> timedelta:
    """Doubles from `first` to `longest`, a fifth more or less: what failed together comes back
    apart."""
    doubled = first * (1 << min(attempts - 1, 20))
    return min(doubled, longest) * (0.8 + (message.int % 401) / 1000)
