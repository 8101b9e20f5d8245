"""
What a client raises when it cannot do what it was asked to do.
"""


class ClientError(Exception):
    """
    A failure, in one line, as the person at the terminal reads it.

    It may quote what a server has sent: whoever prints it escapes control characters.
    """
