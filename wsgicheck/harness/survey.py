"""All that is to be learnt about a target's import: the watched load, then those trials that can show something.

Law: where one load with everything otherwise goes as the first one went, the single trials went as well, and
are not made. How a load is made (a child of its own, a fork) is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..model.imported import Deed, Imported, Trial, selects_site
from .examine import Load

__all__ = ["survey"]


def _went_as_before(before: Imported, trial: Trial) -> bool:
    return not trial.raised and [a.code for a in trial.answers] == [a.code for a in before.answers]


def _rivals(imported: Imported) -> Iterator[str]:
    seen = set()
    for act in imported.did(Deed.SETDEFAULT):
        if selects_site(act.subject) and act.subject not in seen:
            seen.add(act.subject)
            yield act.subject


def survey(load: Load, examine: Callable[[Load], Imported], attempt: Callable[[Load], Trial]) -> Imported:
    """Return the facts of `load`, with the trials that were made.

    Args:
        examine: makes the watched load.
        attempt: makes a trial.
    """
    imported = examine(load)
    if imported.exited or imported.ended or imported.asynchronous:
        return imported
    trials = list(imported.trials)
    moved = attempt(replace(load, trial="moved"))
    if _went_as_before(imported, moved):
        trials += [replace(moved, name=name) for name in ("directory", "home")]
    else:
        trials += [attempt(replace(load, trial=name)) for name in ("directory", "home")]
    trials += [attempt(replace(load, trial="rival", rival=variable)) for variable in _rivals(imported)]
    return replace(imported, trials=tuple(trials))
