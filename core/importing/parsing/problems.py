"""The one error a parser raises: a code the parent turns into words for the user."""


class Unreadable(Exception):
    """A file that cannot or must not be read; `code` is one of the keys of `core.importing.source.MESSAGES`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
