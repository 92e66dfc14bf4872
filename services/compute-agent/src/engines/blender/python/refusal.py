"""What the driver says when it will not, or cannot, do what it was asked for."""


class Refusal(Exception):
    """A failure class of the agent, words for people, and the names (files, engines) that it is about."""

    def __init__(self, failure, reason, names=()):
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.names = list(names)
