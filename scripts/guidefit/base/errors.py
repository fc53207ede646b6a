"""The error for everything that a user can fix."""


class UserError(ValueError):
    """Bad input. The message names the place (file, row, column or config key), what was expected, and how to fix it."""


AGAIN = "Delete it and run again: the workflow then makes it again."
"""What to do with a damaged or misplaced result."""
