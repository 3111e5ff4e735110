"""The PasteDeploy filter `egg:wsgicheck`: Pyramid and all else that is put together in an ini file.

    [filter:wsgicheck]
    use = egg:wsgicheck
    ignore = advice
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from .develop import develop
from .errors import ConfigError
from .show import show
from .validator import Validator, validator

__all__ = ["filter_app_factory"]

_KEYS = ("select", "ignore", "on_violation", "level", "sample", "layers")
_SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def filter_app_factory(app: Callable[..., Any], global_conf: Mapping[str, str] | None = None,
                       **local_conf: str) -> Validator:
    """Return `app`, watched: the entry point `paste.filter_app_factory`.

    Args:
        local_conf: `select` and `ignore` (words, separated by spaces, commas or lines); `on_violation`, one of
            show (the default: on standard error, as `develop` does), raise, warn, log; `level`, from which on
            they are shown; `sample`, the share of requests that is watched, where they are not merely shown;
            `layers`, whether the filters and applications below are watched one by one (false).

    Raises:
        ConfigError: an unknown key or value.
    """
    for key in local_conf:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_KEYS)}"
            raise ConfigError(f"the filter egg:wsgicheck has no setting {show(key)}; {hint}")
    select, ignore = _words(local_conf.get("select", "")), _words(local_conf.get("ignore", ""))
    layers = _SWITCH.get(local_conf.get("layers", "false").strip().lower())
    if layers is None:
        raise ConfigError(f"layers is true or false, not {show(local_conf['layers'])}")
    what = local_conf.get("on_violation", "show").strip()
    if what == "show":
        if "sample" in local_conf:
            raise ConfigError("sample goes with on_violation = raise, warn or log")
        return develop(app, select=select, ignore=ignore, level=local_conf.get("level", "should").strip(),
                       layers=layers)
    if what not in ("raise", "warn", "log"):
        raise ConfigError(f"on_violation is show, raise, warn or log, not {show(what)}")
    if "level" in local_conf:
        raise ConfigError("level goes with on_violation = show; use select and ignore")
    text = local_conf.get("sample", "1")
    try:
        sample = float(text)
    except ValueError:
        raise ConfigError(f"sample is a share from 0 to 1, not {show(text)}") from None
    return validator(app, on_violation=what, select=select, ignore=ignore, sample=sample,  # type: ignore[arg-type]
                     layers=layers)
