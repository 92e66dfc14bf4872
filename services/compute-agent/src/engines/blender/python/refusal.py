"""The answer of the driver if it cannot, or must not, do what it was asked for."""


class Refusal(Exception):
    """A failure class of the agent, a reason for people, and the names of the files or engines concerned."""

    def __init__(self, failure, reason, names=()):
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.names = list(names)
