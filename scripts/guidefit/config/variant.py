"""The settings of one variant of a study."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from guidefit.config.sampling import Sampling
from guidefit.config.section import Problem, key, refuse
from guidefit.models import distributions, priors


def _as_mappings(given: Any) -> Any:
    """Every prior as a mapping."""
    if not isinstance(given, Mapping):
        return given
    split = priors.find_split(given)
    refuse((name, f'YAML splits this prior at its commas. Use quotes: {name}: "{text}".') for name, text in split.items())
    found: dict[str, priors.Prior] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        prior, wrong = priors.read(value)
        problems += [(f"{name}.{parameter}" if parameter else str(name), sentence) for parameter, sentence in wrong]
        found[str(name)] = prior
    refuse(problems)
    return found


_PRIOR_SCHEMA = {
    "oneOf": [
        {"type": "string", "examples": ["Normal(0, 5)", "Normal(mu=0, sigma=5)", "NoncentredNormal"]},
        {
            "type": "object",
            "required": ["distribution"],
            "properties": {"distribution": {"enum": list(distributions.DISTRIBUTIONS)}},
            "additionalProperties": {"type": "number"},
        },
    ]
}
Priors = Annotated[
    dict[str, priors.Prior],
    BeforeValidator(_as_mappings),
    WithJsonSchema({"type": "object", "additionalProperties": _PRIOR_SCHEMA}),
]


class Variant(Sampling):
    """Settings of one variant: any key of `sampling` for this variant alone, and the keys below."""

    file: str | None = key(None, "The file of your own variant; without it the variant is a built-in one.", min_length=1)
    priors: Priors = key({}, "Priors that replace the variant's own: variable -> prior.")

    def own_sampling(self) -> dict[str, Any]:
        """The sampling keys that this variant sets for itself."""
        return self.model_dump(include=self.model_fields_set & set(Sampling.model_fields))
