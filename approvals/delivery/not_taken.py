"""Says why a message did not get where it should, and what follows from that."""

from enum import Enum


class After(Enum):
    """What becomes of a message that was not taken, and of its channel."""

    RETRY = "tried again later"
    OUR_FAULT = "tried again later, and nothing that the channel did"
    GIVE_UP = "never taken, however often it is tried"
    SWITCH_OFF = "nobody is there any more"


class NotTaken(Exception):
    """`words` is a sentence for whoever looks after the channel, without its address or secret;
    `status` is what was answered, where HTTP was spoken and an answer came."""

    def __init__(
        self, words: str, after: After = After.RETRY, *, status: int | None = None
    ) -> None:
        super().__init__(words)
        self.words = words
        self.after = after
        self.status = status
