"""Argument values made safe, or refused with the argument's name and the remedy."""

import re

from errors import BadInput

LONGEST_TEXT = 200
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")


def is_id(value: str) -> bool:
    """Whether it has the form of any id of ours; what has not cannot exist."""
    return ID.fullmatch(value) is not None


def text_of(name: str, value: str, *, longest: int = LONGEST_TEXT) -> str:
    """`value` without outer white space. Raises BadInput when it is empty, too long, or not storable as text."""
    text = value.strip()
    if not text:
        raise BadInput(f"`{name}` is empty: give at least one character, or leave it out.")
    if len(text) > longest:
        raise BadInput(f"`{name}` has {len(text)} characters: give at most {longest}.")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadInput(f"`{name}` contains a character that is not text: remove it.")
    return text
