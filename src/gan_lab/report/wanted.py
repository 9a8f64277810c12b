"""The metric and the baseline that the user asks for, checked before anything is made."""

from __future__ import annotations

from gan_lab.errors import UserError
from gan_lab.report.analysis import matching, metric_names
from gan_lab.report.sections import Section


def check_wanted(sections: list[Section], metric: str | None, baseline: str | None) -> None:
    """Refuse a metric or a baseline that no section has.

    Raises:
        UserError: naming the known ones.
    """
    names = list(dict.fromkeys(name for section in sections for name in metric_names(section)))
    if metric is not None and metric not in names:
        known = f"choose one of {', '.join(names[:40])}" if names else "these runs have no metrics"
        raise UserError(f"--metric {metric}: no run has this metric; {known}")
    if baseline is None:
        return
    found = [matching(section, baseline) for section in sections if len(section.choices) > 1]
    if not any(len(choices) == 1 for choices in found):
        several = [choice.label for choices in found for choice in choices]
        all_labels = [choice.label for section in sections if len(section.choices) > 1 for choice in section.choices]
        labels = list(dict.fromkeys(several or all_labels))[:40]
        known = f"choose one of {'; '.join(labels)}" if labels else "these runs do not differ in their overrides"
        raise UserError(f"--baseline {baseline}: {'more than one' if several else 'no'} choice is this; {known}")
