"""What checks ask about objects they know nothing of: their real type, what they have, what they can be called with.

Laws: nothing here raises whatever the object does, and nothing calls the object. A callable of which
nothing is known (a builtin, an odd metaclass) is taken to accept what it is given.
"""

from __future__ import annotations

from inspect import CO_VARARGS
from types import FunctionType, MethodType
from typing import Any, TypeGuard

__all__ = ["accepts", "attribute", "has", "is_bytes", "is_str"]


def is_str(value: object) -> TypeGuard[str]:
    """Tell whether `value` is a str by its type, whatever its __class__ pretends."""
    return type(value) is str or issubclass(type(value), str)


def is_bytes(value: object) -> TypeGuard[bytes]:
    """Tell whether `value` is a bytes object by its type, whatever its __class__ pretends."""
    return type(value) is bytes or issubclass(type(value), bytes)


def attribute(value: object, name: str) -> Any:
    """Return the attribute `name` of `value`, None where its look-up fails in any way."""
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def has(value: object, name: str) -> bool:
    """Tell whether `value` has a method `name`."""
    return callable(attribute(value, name))


def _function_accepts(function: FunctionType, count: int) -> bool:
    code = function.__code__
    most = code.co_argcount
    least = most - len(function.__defaults__ or ())
    required_keywords = code.co_kwonlyargcount - len(function.__kwdefaults__ or {})
    return required_keywords <= 0 and least <= count and (count <= most or bool(code.co_flags & CO_VARARGS))


def _defined(kind: type, name: str) -> Any:
    """Return what `kind` or a base of it, object aside, defines as `name`: a static method still looks like one."""
    return next((base.__dict__[name] for base in kind.__mro__[:-1] if name in base.__dict__), None)


def accepts(value: Any, count: int) -> bool:
    """Tell whether `value` can be called with `count` positional arguments, as far as Python code shows."""
    try:
        if type(value) is FunctionType:
            return _function_accepts(value, count)
        if type(value) is MethodType:
            inner = value.__func__
            return _function_accepts(inner, count + 1) if type(inner) is FunctionType else callable(value)
        if type(value) is type:
            maker: Any = _defined(value, "__init__") or _defined(value, "__new__")
        else:
            maker = _defined(type(value), "__call__")
        return _function_accepts(maker, count + 1) if type(maker) is FunctionType else callable(value)
    except Exception:
        return True
