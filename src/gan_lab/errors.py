"""The one exception that stands for a mistake of the user's rather than of the program."""


class UserError(Exception):
    """A mistake that the user can mend: the command line prints it as one line and exits with code 1.

    The message names the offending value and says what to do instead.
    """
