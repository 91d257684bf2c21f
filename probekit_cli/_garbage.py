"""No search for garbage while a run starts: importing and tracing make millions of objects to keep.

Going through them again and again was a quarter of a second of the three that a run needs to begin.
"""

import gc
from types import TracebackType

from probekit.plugins import hookimpl


class GarbagePause:
    """A listener: from `__enter__` to the first rows of a run nothing is collected."""

    def __enter__(self) -> "GarbagePause":
        """Begin."""
        gc.disable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End, if no row came."""
        gc.enable()

    @hookimpl
    def probekit_chunk_finished(self) -> None:
        """End; what is there by now stays, and need not be looked through later either."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
