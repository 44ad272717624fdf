"""Ctrl-C during training: acted upon where the run can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether the user asked to stop.  ``check`` raises KeyboardInterrupt then; in between nothing does,
    but for ``at_once`` parts, which leave nothing half done."""

    def __init__(self) -> None:
        self.asked = False
        self._at_once = False

    def check(self) -> None:
        if self.asked:
            raise KeyboardInterrupt

    @contextmanager
    def at_once(self) -> Iterator[None]:
        self.check()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise SystemExit(130)  # again: the last checkpoint has to do
        self.asked = True
        if self._at_once:
            raise KeyboardInterrupt


@contextmanager
def stoppable() -> Iterator[Stop]:
    """A Ctrl-C sets the flag as long as this lasts; where Ctrl-C is ignored it stays so."""
    stop = Stop()
    main = threading.current_thread() is threading.main_thread()  # others may set no handler
    if not main or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield stop
        return
    before = signal.signal(signal.SIGINT, stop._pressed)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
