"""The settings of one variant of a study."""

from typing import Any


from guidefit.config.sampling import Sampling
from guidefit.config.section import key

Prior = dict[str, Any]


class Variant(Sampling):
    """Settings of one variant: any key of `sampling` for this variant alone, and the keys below."""

    file: str | None = key(
        None,
        "The file of your own variant; without it the variant is a built-in one.",
        without="built in",
        min_length=1,
    )
    priors: dict[str, Prior] = key({}, "Priors that replace the variant's own: variable -> prior.")

    def own_sampling(self) -> dict[str, Any]:
        """The sampling keys that this variant sets for itself."""
        return self.model_dump(include=self.model_fields_set & set(Sampling.model_fields))
