from __future__ import annotations

import base64
import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from report_folders import ABLATION, entry, summary, write_run, write_sweep

from gan_lab import cli
from gan_lab.report.page import as_code, as_markdown


class Page(HTMLParser):
    """The tags of a page, its text, and where it would fetch from."""

    VOID = ("meta", "img", "br", "wbr", "line", "circle")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def value(option: str, seed: int) -> float | None:
    """Uniform noise costs 3 points; one of its runs failed."""
    return (
        None
        if (option, seed) == ("uniform", 4)
        else 5 + 0.1 * seed * seed + (3 + 0.1 * seed if option == "uniform" else 0)
    )


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return write_sweep(tmp_path / "noise_sweep", "noise", ["normal", "uniform"], range(5), value, ABLATION)


def report(*arguments: str) -> None:
    assert cli.main(["report", *arguments]) == 0


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(["report", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_sweep_becomes_one_page_by_itself(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(str(sweep))
    page = Page((sweep / "report.html").read_text())
    assert not page.open
    assert "script" not in page.tags
    pictures = [source for source in page.sources if not source.startswith("#")]
    assert {source.partition(";")[0] for source in pictures} == {"data:image/svg+xml", "data:image/jpeg"}
    for told in ("Which noise?", "noise=uniform", "4 of 5", "worse", "4 pairs, 1 unpaired", "no summary.json"):
        assert told in page.text
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("noise_sweep: noise=uniform: worse than noise=normal in fid/classifier (+3.1")
    assert printed[-1].startswith("10 runs, 1 of them failed or not finished, in ")


def test_sample_grids_are_those_of_the_common_seed_made_smaller(sweep: Path) -> None:
    large = Image.new("RGB", (900, 600), (200, 30, 30))
    large.save(sweep / "0" / "samples" / "0003000.png")
    report(str(sweep))
    page = (sweep / "report.html").read_text()
    grids = [base64.b64decode(found) for found in re.findall(r"data:image/jpeg;base64,([^\"]+)", page)]
    sizes = [Image.open(io.BytesIO(grid)).size for grid in grids]
    assert sizes == [(320, 213), (120, 96)]
    assert "Samples, seed 0" in page
    assert "iteration 3,000" in page


def test_markdown_holds_question_tables_verdicts_and_stamps(sweep: Path) -> None:
    report(str(sweep))
    text = (sweep / "report.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")
    ]
    main = {row[0].strip("`| "): row for row in rows[:4]}
    assert "*Which noise?*" in text
    assert main["noise=normal"][-1].strip("| ") == "baseline"
    assert main["noise=uniform"][1] == "4 of 5"
    assert main["noise=uniform"][-1].strip("| ") == "worse"
    assert "features: mnist classifier, 128 features, sha256 46a8ed70393b; " in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 2  # one for each table


def test_the_csv_has_every_number(sweep: Path) -> None:
    report(str(sweep))
    rows = list(csv.DictReader(io.StringIO((sweep / "report.csv").read_text())))
    found = {(row["choice"], row["metric"]): row for row in rows}
    assert len(found) == len(rows)
    row = found["noise=uniform", "fid/classifier"]
    assert (row["section"], row["runs"], row["planned"], row["pairs"], row["unpaired"]) == (
        "noise_sweep",
        "4",
        "5",
        "4",
        "1",
    )
    assert float(row["mean"]) == pytest.approx(5 + 0.1 * 14 / 4 + 3 + 0.1 * 6 / 4)
    assert float(row["difference"]) == pytest.approx(3 + 0.1 * 6 / 4)
    assert float(row["difference_low"]) > 0
    assert (row["verdict"], found["noise=uniform", "kid/classifier"]["verdict"]) == ("worse", "")
    assert float(found["noise=normal", "minutes"]["mean"]) == 2
    assert float(found["noise=normal", "fid/classifier: rarest share"]["mean"]) == 0.08


def test_a_single_run_a_tree_and_old_reports_are_taken(sweep: Path, tmp_path: Path) -> None:
    report(str(sweep / "0"), "--out", str(tmp_path / "new" / "one.html"))
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"one.html", "one.md", "one.csv"}
    report(str(tmp_path))
    first = (tmp_path / "report.html").read_bytes()
    report(str(tmp_path))
    assert (tmp_path / "report.html").read_bytes() == first


def test_the_wanted_metric_and_baseline_are_taken(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(str(sweep), "--metric", "kid/classifier", "--baseline", "noise=uniform")
    assert "noise=normal: better than noise=uniform in kid/classifier" in capsys.readouterr().out


def test_wrong_input_ends_in_one_line(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no folder nowhere;" in complaint(capsys, "nowhere")
    (tmp_path / "empty").mkdir()
    assert "there is no run in " in complaint(capsys, str(tmp_path / "empty"))
    told = complaint(capsys, str(sweep), "--metric", "fdi")
    assert told.endswith("choose one of fid/classifier, kid/classifier")
    told = complaint(capsys, str(sweep), "--baseline", "noise=nromal")
    assert told.endswith("choose one of noise=normal; noise=uniform")
    assert not list(tmp_path.rglob("report.*"))


def test_a_place_that_cannot_be_written_is_told(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sweep / "file").write_text("")
    assert "choose another place by --out NAME" in complaint(capsys, str(sweep), "--out", str(sweep / "file" / "name"))


def test_torch_is_not_imported(sweep: Path) -> None:
    program = (
        "import sys; from gan_lab import cli; code = cli.main(sys.argv[1:]);"
        "print(sorted({'torch', 'pytorch_lightning', 'hydra', 'torchvision'} & {*sys.modules})); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "report", str(sweep)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_runs_without_metrics_have_a_page_too(tmp_path: Path) -> None:
    write_run(tmp_path / "one", ["metrics=none"], summary({}))
    report(str(tmp_path))
    assert "| `metrics=none` | 2.0 |".replace("2.0", "2") in (tmp_path / "report.md").read_text()


def test_a_direction_that_is_neither_has_no_best(tmp_path: Path) -> None:
    for number in range(4):
        made = summary({"diversity": entry(number % 2 + 0.01 * number, better="neither")}, number // 2)
        write_run(tmp_path / str(number), [f"noise={'ab'[number % 2]}", f"seed={number // 2}"], made)
    report(str(tmp_path))
    text = (tmp_path / "report.md").read_text()
    assert "is better" not in text
    assert "noise=b: higher than noise=a in diversity" in text.replace("\\", "") or "same amount" in text


def test_markdown_is_escaped() -> None:
    assert as_markdown("<b>*x*</b> [a](http://b)") == r"\<b\>\*x\*\</b\> \[a\](http:\//b)"
    assert as_code("a`b|c") == r"`a'b\|c`"


def test_what_is_compared_can_be_read_again(sweep: Path) -> None:
    """The page states the numbers of the files, not others."""
    report(str(sweep))
    values = [
        json.loads((sweep / str(job) / "summary.json").read_text())["metrics"]["fid/classifier"]["value"]
        for job in range(5)
    ]
    (line,) = [
        line for line in (sweep / "report.md").read_text().splitlines() if line.startswith("| `noise=normal` | 5 |")
    ]
    assert f"{sum(values) / 5:.2f}" in line
