"""The exceptions that stand for something the user can mend, rather than for a fault of the program."""

from __future__ import annotations


class UserError(Exception):
    """A mistake that the user can mend: the command line prints it as one line and exits with code 1.

    The message names the offending value and says what to do instead. As text it is one line: what a file or a library
    has put into it can neither break the line nor steer the terminal.
    """

    exit_code = 1

    def __str__(self) -> str:
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in super().__str__())


class StoppedError(UserError):
    """A run that was told to stop by a signal; the exit code is the shell's for it, 130 for SIGINT, 143 for SIGTERM."""

    def __init__(self, message: str, signum: int) -> None:
        super().__init__(message)
        self.signum = signum
        self.exit_code = 128 + signum

    def __reduce__(self) -> tuple[type[StoppedError], tuple[str, int]]:
        return type(self), (str(self), self.signum)  # a launcher may hand it from process to process
