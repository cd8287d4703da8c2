"""The one error of the engine: an input that cannot be computed with. No Flask, no database here."""


class InputError(ValueError):
    """Inputs that a rule cannot be computed from; `code` is stable, the message says what to mend."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class MissingInput(InputError):
    """A base day or figure that the rule needs was not given; `keys` are the names that would do."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__("missing_input", f"needs one of: {', '.join(keys)}")
        self.keys = keys
