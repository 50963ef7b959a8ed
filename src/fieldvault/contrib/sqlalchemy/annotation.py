"""The Python type of `Mapped[…]`, from a class that is being made."""

from __future__ import annotations

import inspect
import sys
import types
from typing import Annotated, Any, Union, get_args, get_origin

from sqlalchemy.orm import Mapped


def mapped_type(owner: type, name: str) -> tuple[type[Any] | None, bool]:
    """The type that `name` is annotated with in `owner`, and whether it may be None. None where nothing says it.

    Text is evaluated in the module of the class, as SQLAlchemy does it.
    """
    annotation = inspect.get_annotations(owner).get(name)
    for _ in range(3):  # text in text: "Mapped['str']"
        if isinstance(annotation, str):
            annotation = _evaluated(annotation, owner)
        if get_origin(annotation) is Mapped:
            [annotation] = get_args(annotation)
            if hasattr(annotation, "__forward_arg__"):
                annotation = annotation.__forward_arg__
    return _without_none(annotation)


def _evaluated(text: str, owner: type) -> Any:
    module = sys.modules.get(owner.__module__)
    names = {**vars(types), **(vars(module) if module else {}), **vars(owner), "Mapped": Mapped}
    try:
        return eval(text, {**names, "__builtins__": __builtins__})  # noqa: S307 - the class's own source
    except (NameError, AttributeError, TypeError, SyntaxError):
        return None  # a name of another scope: then encrypted(type_=…) must say it


def _without_none(annotation: Any) -> tuple[type[Any] | None, bool]:
    if get_origin(annotation) is Annotated:
        return _without_none(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        some = [one for one in get_args(annotation) if one is not type(None)]
        found, _ = _without_none(some[0]) if len(some) == 1 else (None, False)
        return found, len(some) < len(get_args(annotation))
    plain = get_origin(annotation) or annotation  # dict[str, int] is a dict
    return (plain if isinstance(plain, type) else None), False
