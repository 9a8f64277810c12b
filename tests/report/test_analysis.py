from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from report_folders import ABLATION, entry, summary, write_run, write_sweep

from gan_lab.report.analysis import Analysis, analyse
from gan_lab.report.runs import find_folders, read_run
from gan_lab.report.sections import Section, group
from gan_lab.report.stamps import other_protocols


def sections(root: Path) -> list[Section]:
    return group(root, [read_run(folder) for folder in find_folders(root)])


def only(root: Path, **options: str) -> Analysis:
    (section,) = sections(root)
    return analyse(section, **options)


def labels(analysis: Analysis) -> list[str]:
    return [row.choice.label for row in analysis.rows]


def single(root: Path, *jobs: tuple[Sequence[str], dict[str, float]]) -> Path:
    """One run for each list of overrides, with these metrics."""
    for number, (overrides, metrics) in enumerate(jobs):
        made = summary({name: entry(value) for name, value in metrics.items()}, number)
        write_run(root / str(number), overrides, made)
    return root


def test_runs_are_grouped_by_the_overrides_in_which_they_differ(tmp_path: Path) -> None:
    root = write_sweep(tmp_path / "sweep", "noise", ["normal", "uniform"], range(6), lambda option, seed: 5.0 + seed)
    analysis = only(root)
    assert labels(analysis) == ["noise=normal", "noise=uniform"]
    assert [sorted(row.choice.counted) for row in analysis.rows] == [[0, 1, 2, 3, 4, 5]] * 2
    assert analysis.section.common == {"data": "mnist"}
    assert [run.folder.name for run in analysis.section.runs][-2:] == ["10", "11"]  # by number, not by letter


def test_an_absent_override_is_the_default(tmp_path: Path) -> None:
    root = single(tmp_path, (["model=gan", "seed=0"], {"fid/classifier": 3}), (["model=gan", "noise=uniform"], {}))
    assert labels(only(root)) == ["noise=default", "noise=uniform"]


def test_each_folder_of_runs_is_a_section(tmp_path: Path) -> None:
    write_sweep(tmp_path / "b" / "sweep", "noise", ["normal"], [0, 1], lambda option, seed: 1.0)
    write_run(tmp_path / "a" / "monday", [], summary({"fid/classifier": entry(2.0)}))
    assert [section.title for section in sections(tmp_path)] == ["a", "b/sweep"]
    (alone,) = sections(tmp_path / "a" / "monday")
    assert alone.title == "monday"


def test_failed_runs_are_counted_and_named(tmp_path: Path) -> None:
    value = lambda option, seed: None if (option, seed) == ("uniform", 1) else 5.0 + seed  # noqa: E731
    analysis = only(write_sweep(tmp_path / "sweep", "noise", ["normal", "uniform"], range(3), value))
    row = analysis.rows[1]
    assert (row.main.n, row.choice.planned) == (2, 3)
    assert (row.differences["fid/classifier"].estimate.n, row.differences["fid/classifier"].unpaired) == (2, 1)
    assert [run.folder.name for run in analysis.section.failed] == ["4"]


def test_the_baseline_is_the_ablations_first_combination(tmp_path: Path) -> None:
    def value(option: str, seed: int) -> float:
        return 5 + 0.1 * seed * seed + (3 + 0.1 * seed if option == "uniform" else 0)

    analysis = only(write_sweep(tmp_path / "sweep", "noise", ["uniform", "normal"], range(5), value, ABLATION))
    assert analysis.baseline is not None
    assert analysis.baseline.label == "noise=normal"
    assert analysis.section.ablation is not None
    assert analysis.section.ablation.question == "Which noise?"
    assert [row.verdict for row in analysis.rows] == ["worse", ""]
    assert [row.is_best for row in analysis.rows] == [False, True]


def test_the_product_of_an_ablations_choices_starts_with_the_baseline(tmp_path: Path) -> None:
    ablation = {"question": "?", "choices": {"optimizer.lr": [1e-3, 0.01], "model.saturating": [True, False]}}
    for number, choice in enumerate([("0.01", "true"), ("0.001", "false"), ("1e-3", "true")]):
        overrides = [f"optimizer.lr={choice[0]}", f"model.saturating={choice[1]}"]
        write_run(tmp_path / str(number), overrides, summary({"fid/classifier": entry(1.0)}), ablation)
    baseline = only(tmp_path).baseline
    assert baseline is not None
    assert baseline.label == "optimizer.lr=1e-3 model.saturating=true"


def test_an_ablation_without_runs_of_its_baseline_says_so(tmp_path: Path) -> None:
    analysis = only(write_sweep(tmp_path / "s", "noise", ["uniform", "sphere"], range(5), lambda o, s: 1.0, ABLATION))
    assert analysis.baseline is None
    assert "no run is of the choice that the ablation names first, its baseline" in analysis.warnings


def test_other_protocols_of_further_metrics_are_stated(tmp_path: Path) -> None:
    metrics = {"fid/classifier": entry(1.0), "recall/classifier": entry(0.5, better="higher", neighbours=3)}
    write_run(tmp_path / "0", [], summary(metrics))
    (section,) = sections(tmp_path)
    assert other_protocols(section, "fid/classifier") == [("neighbours of recall/classifier", ["3"])]


def test_without_an_ablation_the_first_job_or_the_wanted_choice_is_the_baseline(tmp_path: Path) -> None:
    root = write_sweep(tmp_path / "sweep", "noise", ["uniform", "normal"], [0, 1], lambda option, seed: 1.0 + seed)
    assert [only(root).baseline.label, only(root, baseline="noise=normal").baseline.label] == [  # type: ignore[union-attr]
        "noise=uniform",
        "noise=normal",
    ]
    alone = write_sweep(tmp_path / "alone", "noise", ["uniform", "normal"], [0], lambda option, seed: 1.0)
    assert only(alone).baseline is None
    row = only(alone, baseline="noise=uniform").rows[1]
    assert (row.verdict, row.reason) == ("no difference shown", "one seed")


def test_models_make_a_leaderboard(tmp_path: Path) -> None:
    fids = {"gan": 9.0, "dcgan": 3.0, "wgan": 5.0}
    root = write_sweep(tmp_path / "sweep", "model", list(fids), [0, 1], lambda option, seed: fids[option] + seed)
    analysis = only(root)
    assert labels(analysis) == ["model=dcgan", "model=wgan", "model=gan"]
    assert [row.is_best for row in analysis.rows] == [True, False, False]
    assert analysis.baseline is None


def test_higher_is_better_turns_the_table_round(tmp_path: Path) -> None:
    for number, value in enumerate([0.2, 0.8]):
        made = summary({"recall/classifier": entry(value, better="higher")})
        write_run(tmp_path / str(number), [f"model={number}"], made)
    analysis = only(tmp_path)
    assert labels(analysis) == ["model=1", "model=0"]
    assert analysis.rows[0].is_best


def test_the_main_metric_is_one_that_all_runs_have(tmp_path: Path) -> None:
    both = {"kid/classifier": 0.1, "fid/classifier": 3.0}
    assert only(single(tmp_path / "both", ([], both), (["a=1"], both))).metric == "fid/classifier"
    one = single(tmp_path / "one", ([], both), (["a=1"], {"kid/classifier": 0.1}))
    assert only(one).metric == "kid/classifier"
    wanted = only(one, metric="fid/classifier")
    assert wanted.metric == "fid/classifier"
    assert "1: no finite fid/classifier" in wanted.warnings


def test_a_seed_that_was_run_twice_counts_once(tmp_path: Path) -> None:
    for number, value in enumerate([5.0, 7.0]):
        write_run(tmp_path / str(number), ["seed=3"], summary({"fid/classifier": entry(value)}, 3))
    analysis = only(tmp_path)
    assert (analysis.rows[0].main.n, analysis.rows[0].main.mean) == (1, 7.0)
    assert any("was run again in 1" in warning for warning in analysis.warnings)


def test_numbers_of_another_protocol_are_not_compared(tmp_path: Path) -> None:
    for number, (noise, generated) in enumerate([("a", 100), ("a", 100), ("b", 50), ("b", 50)]):
        made = summary({"fid/classifier": entry(5.0 + number, generated=generated)}, number % 2)
        write_run(tmp_path / str(number), [f"noise={noise}", f"seed={number % 2}"], made)
    analysis = only(tmp_path)
    assert (analysis.rows[1].verdict, analysis.rows[1].reason) == ("not compared", "measured otherwise (generated)")
    assert not any(row.is_best for row in analysis.rows)
    assert "runs disagree in the protocol of fid/classifier: generated" in analysis.warnings
    assert ("generated", ["100 (noise=a)", "50 (noise=b)"]) in analysis.stamp


def test_other_weights_and_budgets_are_compared_with_a_warning(tmp_path: Path) -> None:
    for number, (decay, weights) in enumerate([("0", "raw"), ("0.9", "average of decay 0.9")] * 2):
        made = summary(
            {"fid/classifier": entry(5.0, generator_weights=weights)},
            number // 2,
            iterations=100 * decay.count("9") + 100,
        )
        write_run(tmp_path / str(number), [f"model.ema_decay={decay}", f"seed={number // 2}", "budget=short"], made)
    analysis = only(tmp_path)
    assert analysis.rows[1].verdict == "no difference shown"
    told = "\n".join(analysis.warnings)
    assert "protocol of fid/classifier: generator weights" in told
    assert "iterations: from 100 to 200" in told
    assert "4 of 4 runs took a part of their budget only" in told


@pytest.mark.parametrize("missing", [False, True])
def test_a_choice_with_fewer_seeds_than_others_is_told(tmp_path: Path, missing: bool) -> None:
    sweep = write_sweep(tmp_path / "s", "noise", ["normal", "uniform"], range(3), lambda o, s: 1.0, ABLATION)
    if missing:
        shutil.rmtree(max(sweep.glob("[0-9]*"), key=lambda job: int(job.name)))
    told = [line for line in only(sweep).warnings if "of 2 seeds, where others have 3" in line]
    assert len(told) == missing


def test_booleans_are_found_as_hydra_writes_them(tmp_path: Path) -> None:
    asked = {"question": "Which?", "seeds": 2, "choices": {"model.saturating": [True, False]}}
    options = ["True", "False"]  # so Hydra writes true and false into overrides.yaml
    analysis = only(write_sweep(tmp_path / "s", "model.saturating", options, range(2), lambda o, s: 1.0, asked))
    assert analysis.baseline is not None
    assert analysis.baseline.label == "model.saturating=True"


def test_differences_that_are_equal_but_for_rounding_are_not_called(tmp_path: Path) -> None:
    """Two accuracies of 359 images, both 7 images better: the differences are not quite the same number."""
    values = {("a", 0): 300 / 359, ("b", 0): 307 / 359, ("a", 1): 211 / 359, ("b", 1): 218 / 359}
    assert values["b", 0] - values["a", 0] != values["b", 1] - values["a", 1]
    analysis = only(write_sweep(tmp_path / "s", "choice", ["a", "b"], range(2), lambda o, s: values[o, s]))
    assert analysis.rows[1].verdict == "no difference shown"


def test_what_a_finished_run_says_of_itself_counts(tmp_path: Path) -> None:
    """A start that was refused leaves Hydra's files with other overrides in the folder of a finished run."""
    made = summary({"fid/classifier": entry(5.0)}, 0) | {"overrides": ["noise=uniform", "seed=0"]}
    write_run(tmp_path / "0", ["noise=normal", "seed=1"], made)
    run = read_run(tmp_path / "0")
    assert run.overrides == {"noise": "uniform", "seed": "0"}
    assert run.seed == 0
