"""Other libraries' errors, quoted in this package's own."""


def said(error: BaseException) -> str:
    """Return the text of an error on one line, without the full stop at its end."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
