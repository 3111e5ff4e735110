"""How a server calls the application: any callable, by position, once for each request (PEP 3333)."""

from __future__ import annotations

from ...model.rule import HOLDS, MUST, NOT_APPLICABLE, SHOULD, Verdict, pep
from ...model.scene import Receive, Seen, ask, get, scene
from ...model.wire import Wire
from .common import lost, trouble

_CALLABLE = pep("the-application-framework-side",
                "a function, method, class,\nor instance with a ``__call__`` method are all acceptable for\n"
                "use as an application object.")


def _served(seen: Seen, wire: Wire) -> Verdict:
    answer = wire.answer
    if not seen.calls:
        return lost(seen, wire)
    if answer is None or answer.code != 200:
        return trouble(answer, wire) or f"the answer is {answer.status_line!r}; expected 200"  # type: ignore[union-attr]
    return trouble(answer, wire) or HOLDS


@scene(level=MUST, covers=("APP-001", "APP-008"), cites=_CALLABLE, script=get(), kind="class")
def class_is_an_application(seen: Seen, wire: Wire) -> Verdict:
    """A class whose instances are iterable is served like any other application.

    A server that asks whether the application is a function, or that wants a close() or a length of what
    the call returns, cannot serve it.
    """
    return _served(seen, wire)


@scene(level=MUST, covers=("APP-001",), cites=_CALLABLE, script=get(), kind="method")
def bound_method_is_an_application(seen: Seen, wire: Wire) -> Verdict:
    """A bound method is served like any other application."""
    return _served(seen, wire)


@scene(level=MUST, covers=("APP-001",), cites=_CALLABLE, script=get(), kind="partial")
def partial_is_an_application(seen: Seen, wire: Wire) -> Verdict:
    """A functools.partial, which has no __name__ and no __code__, is served like any other application."""
    return _served(seen, wire)


@scene(level=SHOULD, covers=("APP-001", "APP-002"), script=get(), kind="watched",
       cites=pep("specification-overview",
                 "Callables are only to be called, not\nintrospected upon."))
def application_is_never_introspected(seen: Seen, wire: Wire) -> Verdict:
    """The application object is called, and no attribute of it is looked up.

    A server that guesses from the signature or from __code__ what kind of application it has been given
    guesses wrong for the next decorator. Reading a name to log it harms nobody, hence no MUST: what a server
    makes of other kinds of callables is judged by the rules beside this one.
    """
    verdict = _served(seen, wire)
    looked = seen.environ()
    if looked is not None and looked.get("wsgicheck.looked"):
        names = ", ".join(dict.fromkeys(str(looked["wsgicheck.looked"]).split(",")))
        return f"the server looked up {names} on the application; expected a call alone"
    return verdict


@scene(level=MUST, covers=("APP-006",), allows=("APP-005",), script=get(), kind="positional",
       cites=pep("specification-details",
                 "A server or gateway **must** invoke the application object using "
                 "positional (not keyword) arguments."))
def arguments_are_passed_by_position(seen: Seen, wire: Wire) -> Verdict:
    """An application whose parameters have other names, and take no keywords, is served.

    The names environ and start_response are for illustration; frameworks use others.
    """
    return _served(seen, wire)


@scene(level=MUST, covers=("APP-007",),
       script=(ask("GET"), Receive(), ask("HEAD", on=1), Receive(on=1),
               ask("POST", body=b"a=1", on=2), Receive(on=2)),
       cites=pep("the-server-gateway-side", "The server or gateway invokes the application callable once for each "
                 "request it receives from an HTTP client, that is directed at the application."))
def application_is_called_once_a_request(seen: Seen, wire: Wire) -> Verdict:
    """Each request calls the application once.

    A server that tries again after an error, or asks with GET to answer HEAD, does everything twice that
    the application does.
    """
    if not seen.calls:
        return NOT_APPLICABLE
    methods = [event.facts["environ"].get("REQUEST_METHOD") for event in seen.calls]
    if len(methods) > 3:
        return f"{len(methods)} calls ({', '.join(map(str, methods))}); expected 3, one a request"
    return HOLDS
