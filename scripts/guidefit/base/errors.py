"""The one error that means: the user can mend this."""


class UserError(ValueError):
    """Bad input. The message names the place (file, row, column or config key) and says how to mend it."""
