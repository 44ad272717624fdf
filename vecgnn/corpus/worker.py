"""A process of a pool: ``python -m vecgnn.corpus.worker SOCKET`` carries out calls until its parent ends."""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection

from vecgnn.corpus.pool import carry_out


def main(number: int) -> None:
    """Answer calls that come by the socket of that number."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C ends the parent, and that ends this process
    with Connection(number) as pipe:
        while True:
            try:
                pipe.send(carry_out(pipe.recv()))
            except (EOFError, BrokenPipeError, ConnectionResetError):
                return


if __name__ == "__main__":
    main(int(sys.argv[1]))
