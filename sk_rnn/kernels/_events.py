"""What the compiler reports while kernels are prepared."""

from collections.abc import Callable


class CompilerEvents:
    """Reports of the compiler in this process.

    Attributes
    ----------
    on_compile : callable or None
        Called when a kernel is compiled because it is not on disk.
    write_error : Exception or None
        Why compiled kernels could not be written to disk.
    """

    on_compile: Callable[[], None] | None = None
    write_error: Exception | None = None

    def compiles(self) -> None:
        """Report that a kernel is not on disk."""
        if self.on_compile is not None:
            self.on_compile()


EVENTS = CompilerEvents()
