"""The one exception that stands for a fault in what the user gave."""


class InputError(Exception):
    """A file or an option that cannot be used.

    The message is one line: it names the file or the option, says what is wrong with it and
    what to do. The commands print it to stderr and end with exit status 2.
    """
