"""The one exception that stands for a mistake of the user's rather than of the program."""


class UserError(Exception):
    """A mistake that the user can mend: the command line prints it as one line and exits with code 1.

    The message names the offending value and says what to do instead. As text it is one line: what a file or a library
    has put into it can neither break the line nor steer the terminal.
    """

    def __str__(self) -> str:
        return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in super().__str__())
