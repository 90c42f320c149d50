"""Serialisation of sources and targets as plain values."""

from typing import Any, ClassVar, Self


class Kind:
    """Base class of sources and targets.

    A saved estimator contains the name of the class and the attributes instead of the object, so
    that the class of the estimator is the only one that `skops` must trust.
    """

    _kinds: ClassVar[dict[str, type["Kind"]]] = {}

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls._kinds[cls.__name__] = cls

    def to_state(self) -> dict[str, Any]:
        """Return the name of the class and the attributes."""
        return {"kind": type(self).__name__, **vars(self)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the object whose `to_state` is ``state``."""
        restored: Any = object.__new__(cls._kinds[state["kind"]])
        restored._restore({name: value for name, value in state.items() if name != "kind"})
        return restored

    def _restore(self, state: dict[str, Any]) -> None:
        """Set the attributes that `to_state` returned."""
        self.__dict__.update(state)
