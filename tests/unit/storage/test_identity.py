"""Whom the embedded servers can run as depends on who may pass the folders on the way."""

from pathlib import Path

from storage.embedded.identity import find_closed


def test_the_first_folder_that_others_may_not_pass_is_named(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    before = find_closed(outer)
    outer.chmod(0o700)
    inner.chmod(0o700)
    assert find_closed(inner / "data") == (before or outer)
    outer.chmod(0o711)
    assert find_closed(inner / "data") == (before or inner)


def test_the_folder_itself_may_be_closed(tmp_path: Path) -> None:
    before = find_closed(tmp_path)
    tmp_path.chmod(0o700)
    assert find_closed(tmp_path) == before
