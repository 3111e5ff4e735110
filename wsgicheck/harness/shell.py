"""Words of a shell's line that carry any bytes.

Law: a value reaches the shell quoted, or as octal escapes of printf, and can end neither the word nor the line.
"""

from __future__ import annotations

import shlex

__all__ = ["printf", "shell_word"]


def shell_word(data: bytes) -> str:
    """Return a POSIX shell word that expands to `data`, which has no NUL and does not end in a line feed.

    Bytes outside printable ASCII become octal escapes for printf, so the line is ASCII and one line.
    """
    if all(32 <= byte < 127 for byte in data):
        return shlex.quote(data.decode("ascii"))
    return f'"$({printf(data)})"'


def printf(data: bytes) -> str:
    """Return the shell's command that writes `data`."""
    return "printf '" + "".join(_octal(byte) for byte in data) + "'"


def _octal(byte: int) -> str:
    character = chr(byte)
    if character.isascii() and (character.isalnum() or character in " ./:;=,_-+*<>()[]{}&?@"):
        return character
    return f"\\{byte:03o}"
