"""Taking the port before anything slow begins, so that a port in use is said at once."""

import errno
import socket

from errors import NotConfigured


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises NotConfigured, naming the setting, when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except PermissionError as fault:
        raise NotConfigured(f"GATEHOUSE_PORT: {port} may not be opened by this user: set a port above 1023.") from fault
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise NotConfigured(
                f"GATEHOUSE_PORT: something already serves on {host}:{port}: stop it, or set another port."
            ) from fault
        raise NotConfigured(f"GATEHOUSE_HOST: {host} is no address of this machine: set one that is.") from fault
