"""An application that notices when it is looked at in the ordinary way."""

from __future__ import annotations

from typing import Any

TOUCHED: list[str] = []


class Watchful(type):
    def __getattribute__(cls, name: str) -> Any:
        TOUCHED.append(f"class {name}")
        return super().__getattribute__(name)


class Descriptor:
    def __get__(self, instance: object, owner: type) -> str:
        TOUCHED.append("descriptor")
        return "/descriptor"


class Trap(metaclass=Watchful):
    described = Descriptor()
    marker = "in-the-class"
    __slots__ = ("__dict__", "slotted")

    def __init__(self) -> None:
        self.slotted = "in-a-slot"
        self.kept = {"nested": ["in-a-list"]}

    @property
    def value(self) -> str:
        TOUCHED.append("property")
        return "x"

    @property
    def __class__(self) -> type:  # type: ignore[override]
        TOUCHED.append("__class__")
        return int

    def __getattribute__(self, name: str) -> Any:
        TOUCHED.append(f"instance {name}")
        return super().__getattribute__(name)

    def __eq__(self, other: object) -> bool:
        TOUCHED.append("__eq__")
        return True

    def __hash__(self) -> int:
        TOUCHED.append("__hash__")
        return 1

    def __repr__(self) -> str:
        TOUCHED.append("__repr__")
        return "trap"

    def __bool__(self) -> bool:
        TOUCHED.append("__bool__")
        return False

    def __iter__(self) -> Any:
        TOUCHED.append("__iter__")
        return iter(())

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ.get("PATH_INFO") == "/behind-the-trap":
            return [b"in"]
        return []


def __getattr__(name: str) -> Any:
    TOUCHED.append(f"module {name}")
    raise AttributeError(name)


application = Trap()
endless: list[Any] = []
endless.append(endless)
many = [[i] for i in range(100_000)]
TOUCHED.clear()
