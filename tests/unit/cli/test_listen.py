"""A port that cannot be had is said at once, with the setting to change."""

import pytest

from cli.listen import listen
from errors import NotConfigured


def test_a_port_in_use_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(NotConfigured, match=rf"GATEHOUSE_PORT: something already serves on 127\.0\.0\.1:{port}"):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(NotConfigured, match=r"GATEHOUSE_HOST: 192\.0\.2\.1 "):
        listen("192.0.2.1", 0)
