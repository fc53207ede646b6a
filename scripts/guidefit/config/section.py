"""What all sections of the config share: strict pydantic models, the types of their keys, and how they report contradictions.

A section is one model in a file of its own. Each key states its type, default, bounds, unit and a one-sentence description once,
by `key`; the JSON schema and the tables of config/README.md are generated from these models.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

NAME = r"^[A-Za-z][A-Za-z0-9_]{0,99}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
"""Name of a study or a variant: it becomes part of file names."""

Problem = tuple[str, str]
"""(path of a key below a section, joined by dots; a sentence that says what is wrong with it and what to do)."""

REQUIRED: Any = ...


def key(default: Any, description: str, *, unit: str | None = None, without: str | None = None, **bounds: Any) -> Any:
    """A key of a section.

    default: REQUIRED if there is none; unit: of a number; without: what holds if the key is absent, unless a fixed value; bounds:
     ge, gt, le, lt, min_length, max_length as pydantic names them.
    """
    extra: Any = {name: text for name, text in (("unit", unit), ("without", without)) if text}
    return Field(default, description=description, json_schema_extra=extra or None, **bounds)


class Section(BaseModel):
    """A mapping of the config. Unknown keys, numbers given as text, 1.0 for 1, true for 1, NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    def contradictions(self) -> Iterator[Problem]:
        """Keys that are valid each by itself but contradict one another."""
        yield from ()

    @model_validator(mode="after")
    def _has_no_contradictions(self) -> "Section":
        refuse(self.contradictions())
        return self


def refuse(problems: Iterable[Problem]) -> None:
    """Raise pydantic's ValidationError with all these problems, if there are any; for use in validators."""
    errors = [
        InitErrorDetails(
            type=PydanticCustomError("contradiction", "{message}", {"message": message}),
            loc=tuple(path.split(".")) if path else (),
            input=None,
        )
        for path, message in problems
    ]
    if errors:
        raise ValidationError.from_exception_data("contradiction", errors)
