"""Whether an object can be a WSGI application: what its kind and its signature say, without calling it.

Law: what cannot be told from kind and signature counts as an application; only the run can show otherwise.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from enum import Enum
from types import ModuleType
from typing import Any

from ..errors import TargetError
from .spec import Call, Spec, one_line

__all__ = ["Shape", "needs", "require_application", "require_callable", "shape_of"]

_FACTORY_NAME = re.compile(r"(?:^|_)(?:create|make|build|get)_|factory", re.IGNORECASE)
_WSGI_NAMES = re.compile(r"env|start|^_+$", re.IGNORECASE)
_WRAPPED_NAMES = {"app", "application", "wsgi_app", "wsgi_application", "wrapped", "inner", "next_app"}


class Shape(Enum):
    """What an object is, seen as a WSGI application."""

    APPLICATION = "application"
    FACTORY = "a function that makes one"
    CLASS = "a class whose instances are ones"
    MIDDLEWARE = "a callable that takes one"
    ASYNC = "async"
    COROUTINE = "a coroutine"
    NOT_CALLABLE = "not callable"
    OTHER_CALL = "callable with other arguments"


def _signature(value: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(value)
    except (ValueError, TypeError):
        return None
    except Exception:  # a __signature__ or __getattr__ of the user's that raises
        return None


def _positional(signature: inspect.Signature) -> list[inspect.Parameter]:
    return [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _binds(signature: inspect.Signature, *args: object) -> bool:
    try:
        signature.bind(*args)
    except TypeError:
        return False
    return True


def _is_async(value: Any) -> bool:
    """Tell whether a call of `value` makes a coroutine or an asynchronous generator."""
    for function in (value, getattr(type(value), "__call__", None)):  # noqa: B004
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            return True
    return False


def _own_call(cls: type) -> bool:
    """Tell whether instances of `cls` can be called with (environ, start_response)."""
    call = next((vars(base)["__call__"] for base in cls.__mro__ if "__call__" in vars(base)), None)
    if call is None:
        return False
    signature = _signature(call)
    return signature is None or _binds(signature, cls, None, None)


def _class_shape(cls: type) -> Shape:
    if _is_async_class(cls):
        return Shape.ASYNC
    # PEP 3333's own AppClass: the class is the application, its instances are the iterables.
    if hasattr(cls, "__iter__") or not _own_call(cls):
        signature = _signature(cls)
        return Shape.APPLICATION if signature is None or _binds(signature, None, None) else Shape.OTHER_CALL
    return Shape.CLASS


def _is_async_class(cls: type) -> bool:
    call = next((vars(base)["__call__"] for base in cls.__mro__ if "__call__" in vars(base)), None)
    return inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call)


def shape_of(value: object) -> Shape:
    """Return what `value` is, seen as a WSGI application."""
    if inspect.iscoroutine(value):
        return Shape.COROUTINE
    if isinstance(value, type):
        return _class_shape(value)
    if not callable(value):
        return Shape.NOT_CALLABLE
    if _is_async(value):
        return Shape.ASYNC
    signature = _signature(value)
    if signature is None:
        return Shape.APPLICATION
    named = _positional(signature)
    names = [p.name for p in named]
    if names[:3] == ["scope", "receive", "send"] or (names == ["scope"] and len(signature.parameters) == 1):
        return Shape.ASYNC
    required = [p for p in named if p.default is p.empty]
    if _binds(signature, None, None):
        # create_app(config=None, debug=False) takes two arguments too.
        optional = named and not required and not any(_WSGI_NAMES.search(p.name) for p in named)
        if optional and _FACTORY_NAME.search(getattr(value, "__name__", "")):
            return Shape.FACTORY
        return Shape.APPLICATION
    if _binds(signature):
        return Shape.FACTORY
    if required and required[0].name in _WRAPPED_NAMES and _binds(signature, None):
        return Shape.MIDDLEWARE
    return Shape.OTHER_CALL


def needs(factory: Callable[..., Any], call: Call) -> str:
    """Return why `factory` cannot be called with the arguments of `call`, "" when it can."""
    signature = _signature(factory)
    if signature is None:
        return ""
    try:
        signature.bind(*call.args, **call.keywords)
    except TypeError as error:
        return f"{error} (its parameters are {signature})" if signature.parameters else f"{error}"
    return ""


def require_callable(spec: Spec, attribute: str, value: object) -> Callable[..., Any]:
    """Return `value`.

    Raises:
        TargetError: it cannot be called.
    """
    if callable(value):
        return value
    raise TargetError(_not_callable(spec.named(attribute), value))


def _not_callable(name: str, value: object) -> str:
    if isinstance(value, ModuleType):
        return one_line(f"{name} is a module, not an application; did you mean {value.__name__}, with a dot")
    kind = type(value).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    what = "None" if value is None else f"{article} {kind}"
    return one_line(f"{name} is {what}, which cannot be called; a WSGI application is called with "
                    "(environ, start_response)")


def require_application(spec: Spec, module: ModuleType, attribute: str, value: object) -> Callable[..., Any]:
    """Return `value` where it can be a WSGI application.

    Raises:
        TargetError: its kind or its signature shows that it is none; the line says what it is instead.
    """
    shape = shape_of(value)
    if shape is Shape.APPLICATION and callable(value):
        return value
    name = spec.named(attribute)
    raise TargetError(one_line(_refusal(spec, name, attribute, value, shape), 400))


def _refusal(spec: Spec, name: str, attribute: str, value: Any, shape: Shape) -> str:
    if shape is Shape.NOT_CALLABLE:
        return _not_callable(name, value)
    if shape is Shape.COROUTINE:
        value.close()  # or it warns, when it is collected, that nobody awaited it
        return (f"{name} is a coroutine: an `async def` was called and never awaited; "
                "wsgicheck checks WSGI applications, which are not asynchronous")
    if shape is Shape.ASYNC:
        return (f"{name} is asynchronous: an ASGI application or an `async def`; wsgicheck checks WSGI, "
                "where a plain callable takes (environ, start_response)")
    signature = _signature(value)
    called = attribute.endswith(")")
    if shape is Shape.CLASS:
        made = ("its instance: " + name + "()" if signature is None or _binds(signature)
                else f"an instance that a module holds, or {name}(...) with literal arguments {signature}")
        return f"{name} is a class, and the application is what it makes; name {made}"
    if shape is Shape.FACTORY:
        if called:
            return (f"{name} is called with no arguments, where a WSGI application takes "
                    "(environ, start_response); is it a factory of a factory?")
        wanted = "takes no arguments" if signature is None or not signature.parameters else "needs no arguments"
        return f"{name} {wanted}, so it is a factory and not the application; name what it makes: {name}()"
    if shape is Shape.MIDDLEWARE:
        return (f"{name} takes an application, so it is a middleware and not an application: "
                f"wsgicheck middleware {name}")
    hint = "" if called else f"; if it is a factory, name what it makes: {name}(...) with literal arguments"
    return (f"{name} takes {signature}, but a WSGI application is called with two arguments, "
            f"(environ, start_response){hint}")
