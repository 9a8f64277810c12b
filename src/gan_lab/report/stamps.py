"""Under what conditions numbers were made, and whether they were the same for all runs."""

from __future__ import annotations

from collections.abc import Sequence

from gan_lab.report.runs import Result
from gan_lab.report.sections import Choice, Section

ALWAYS_DIFFERENT = "noise_seed"  # the run's own seed
OF_THE_GENERATOR = ("generator", "noise")
"""Keys of a protocol that begin so tell what was measured; all others how, and make numbers that do not compare."""
FIRST = ("features", "reference", "generated", "generator_weights")
BUDGET = ("iterations", "images seen")
SHOWN_VALUES = 6

Stamp = list[tuple[str, list[str]]]
"""Facts with their values: one where all runs agree, otherwise each with the choices that it holds for."""


def protocol_of(result: Result, metric: str) -> dict[str, str]:
    """How a run's metric was measured, but for the seed."""
    measured = result.metrics.get(metric)
    return {} if measured is None else {k: v for k, v in measured.protocol.items() if k != ALWAYS_DIFFERENT}


def stamp_of(section: Section, metric: str | None) -> Stamp:
    """The conditions of a section's main table."""
    facts: dict[str, dict[str, dict[str, None]]] = {}
    for choice in section.choices:
        for run in choice.counted.values():
            for name, value in _facts(run.result, metric).items():
                facts.setdefault(name, {}).setdefault(value, {})[choice.label] = None
    return [(name, _values(found, len(section.choices))) for name, found in facts.items()]


def _values(found: dict[str, dict[str, None]], choices: int) -> list[str]:
    if len(found) == 1:
        return list(found)
    shown = []
    for value, labels in list(found.items())[:SHOWN_VALUES]:
        names = list(labels)
        of = "some runs of all choices" if len(names) == choices > 1 else ", ".join(names[:3])
        shown.append(f"{value} ({of}{' and more' if len(names) > 3 and len(names) != choices else ''})")
    return shown + (["and more"] if len(found) > SHOWN_VALUES else [])


def _facts(result: Result | None, metric: str | None) -> dict[str, str]:
    assert result is not None
    protocol = protocol_of(result, metric) if metric is not None else {}
    facts = {name: protocol[name] for name in FIRST if name in protocol}
    facts |= {name: value for name, value in protocol.items() if name not in FIRST}
    measured = result.metrics.get(metric or "")
    if measured is not None and "floor" in measured.numbers:
        facts["floor"] = f"{measured.numbers['floor']:.4g}"
    facts |= {name: f"{result.numbers[name]:,.0f}" for name in BUDGET if name in result.numbers}
    return {name.replace("_", " "): value for name, value in facts.items()} | result.facts


def other_protocols(section: Section, metric: str | None) -> Stamp:
    """How the further metrics of the first run were measured, where that is not how the main one was."""
    result = next((run.result for choice in section.choices for run in choice.counted.values()), None)
    if result is None or metric is None:
        return []
    main = protocol_of(result, metric)
    found: dict[tuple[str, str], list[str]] = {}
    for name in result.metrics:
        for key, value in protocol_of(result, name).items():
            if name != metric and main.get(key) != value:
                found.setdefault((key.replace("_", " "), value), []).append(name)
    return [(f"{key} of {', '.join(names)}", [value]) for (key, value), names in found.items()]


def stamp_warnings(section: Section, metrics: Sequence[str]) -> list[str]:
    """One line for each condition in which the section's runs disagree."""
    results = [run.result for choice in section.choices for run in choice.counted.values() if run.result]
    warnings = []
    disagreeing: dict[tuple[str, ...], list[str]] = {}
    for metric in metrics:
        protocols = [protocol_of(result, metric) for result in results if metric in result.metrics]
        keys = {key for protocol in protocols for key in protocol}
        differing = tuple(sorted(key for key in keys if len({protocol.get(key) for protocol in protocols}) > 1))
        if differing:
            disagreeing.setdefault(differing, []).append(metric)
    for keys_, names in disagreeing.items():
        told = ", ".join(key.replace("_", " ") for key in keys_)
        warnings.append(f"runs disagree in the protocol of {', '.join(names[:12])}: {told}")
    for name in BUDGET:
        found = sorted({result.numbers[name] for result in results if name in result.numbers})
        if len(found) > 1:
            warnings.append(f"runs disagree in {name}: from {found[0]:,.0f} to {found[-1]:,.0f}")
    for name in ("gan_lab version", "torch version", "git revision", "device"):
        values = list(dict.fromkeys(result.facts[name] for result in results))
        if len(values) > 1:
            warnings.append(f"runs disagree in {name}: {', '.join(values[:SHOWN_VALUES])}")
    short = [run for run in section.runs if (run.overrides or {}).get("budget") == "short"]
    if short:
        warnings.append(f"{len(short)} of {len(section.runs)} runs took a part of their budget only (budget=short)")
    return warnings


def measured_otherwise(choices: Sequence[Choice], metric: str) -> str:
    """The keys of the protocol that forbid to compare these choices' numbers; empty where none does."""
    protocols = [
        protocol_of(run.result, metric)
        for choice in choices
        for run in choice.counted.values()
        if run.result and metric in run.result.metrics
    ]
    keys = {key for protocol in protocols for key in protocol if not key.startswith(OF_THE_GENERATOR)}
    differing = [key for key in keys if len({protocol.get(key) for protocol in protocols}) > 1]
    return ", ".join(sorted(key.replace("_", " ") for key in differing))
