"""The prose of a card, taken apart: what goes wrong in practice, and what to write instead."""

from __future__ import annotations

import re

__all__ = ["remedy"]

_SENTENCE = re.compile(r"(?<=[.!?;:])\s+(?=[A-Z`])")
_TO_DO = re.compile(
    r"(?:Add|Answer|Append|Bound|Build|Call|Catch|Choose|Convert|Count|Decide|Declare|Decode|Delete|Do|Drop|"
    r"Encode|Format|Give|Hand|Keep|Leave|Let|Measure|Move|Name|Open|Parse|Pass|Percent-encode|Put|Quote|"
    r"Raise|Read|Redirect|Refuse|Remove|Replace|Return|Say|Send|Serve|Set|Skip|Stream|Strip|Take|Treat|Use|"
    r"Write|Yield)\b")
"""The first words of what a card says is to be written instead."""


def remedy(explanation: str) -> tuple[str, str]:
    """Return what goes wrong in practice, and what to write instead ("" where that is no sentence of its own)."""
    sentences = _SENTENCE.split(explanation)
    for at, sentence in enumerate(sentences):
        if at and _TO_DO.match(sentence):
            split = explanation.index(sentence, len(sentences[0]))
            return explanation[:split].rstrip(), explanation[split:]
    return explanation, ""
