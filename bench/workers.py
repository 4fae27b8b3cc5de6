"""Gatehouse in several processes on PORT, as its containers behind a balancer: the kernel deals connections out.

`python -m bench.workers COUNT`. Not uvicorn's own workers: they share one listener, and whichever of them wakes first
takes all the connections that wait, so that some of them have none.
"""

import os
import signal
import socket
import subprocess
import sys

import uvicorn

from bench.servers import HOST
from web.protocol import Protocol

ONE = "one"


def main(argument: str) -> None:
    if argument == ONE:
        _serve()
        return
    started = [subprocess.Popen([sys.executable, "-m", "bench.workers", ONE]) for _ in range(int(argument))]

    def stop(_signal: int, _frame: object) -> None:
        for worker in started:
            worker.terminate()

    signal.signal(signal.SIGTERM, stop)
    for worker in started:
        worker.wait()


def _serve() -> None:
    config = uvicorn.Config(
        "bench.gatehouse:shipped", factory=True, http=Protocol, access_log=False, log_level="warning"
    )
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((HOST, int(os.environ["PORT"])))
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
