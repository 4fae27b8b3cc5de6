"""The process between us and one server: it stops the server cleanly when we are gone, even by SIGKILL.

    python watchdog.py IDENTITY STOP_SIGNAL COMMAND...

Run as a file, standard library only. It starts COMMAND, prints its pid, and waits. When standard input ends (we
closed it, or died) or SIGTERM comes, it sends STOP_SIGNAL; a server still there after `PATIENCE_SECONDS` is killed.
Exits with the command's own status, or `CANNOT_RUN`. IDENTITY says who the command runs as:

    self        who we are
    namespace   root seen as an ordinary user inside a user namespace: PostgreSQL refuses root (Linux)
    a number    that user id, given up by root for good

Inherited descriptors (the lock) pass on to the command, so that the lock is held for as long as anything runs.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 30
CANNOT_RUN = 126  # as a shell says it
_UNPRIVILEGED = 65534
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1


def main(identity: str, stop_signal: str, *command: str) -> int:
    stop = signal.Signals[stop_signal]
    try:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            close_fds=False,
            preexec_fn=_become(identity, stop, os.getpid()),  # noqa: PLW1509 - no thread exists yet
        )
    except (OSError, subprocess.SubprocessError) as fault:
        sys.stderr.write(f"cannot run {command[0]} as {identity}: {fault}\n")
        return CANNOT_RUN
    signal.signal(signal.SIGTERM, lambda _signal, _frame: server.send_signal(stop))
    os.write(1, f"{server.pid}\n".encode())
    threading.Thread(target=_stop_when_alone, args=(server, stop), daemon=True).start()
    return server.wait()


def _stop_when_alone(server: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    while os.read(0, 1024):
        pass
    server.send_signal(stop)
    # The main thread reaps; this one only loses its patience.
    threading.Event().wait(PATIENCE_SECONDS)
    server.kill()


def _become(identity: str, stop: signal.Signals, parent: int) -> Callable[[], None]:
    def become() -> None:
        if identity == "namespace":
            _enter_namespace()
        elif identity != "self":
            os.setgroups([])
            os.setgid(int(identity))
            os.setuid(int(identity))
        if sys.platform == "linux":
            # Last, for a change of identity clears it: should the watchdog itself be killed, the server hears of it.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, stop, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(125)

    return become


def _enter_namespace() -> None:
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_UNPRIVILEGED} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{_UNPRIVILEGED} {group} 1")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
