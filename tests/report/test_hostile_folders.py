"""Run folders that are damaged, or come from somebody who means ill."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image
from report_folders import entry, summary, write_run

from gan_lab import cli
from gan_lab.report.runs import read_run

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> $\\frac{1}{2}$ | ` =1+1"


def good(folder: Path, seed: int = 0) -> Path:
    return write_run(folder, [f"seed={seed}"], summary({"fid/classifier": entry(5.0 + seed, seed)}, seed), grid=True)


def pages(root: Path) -> tuple[str, str]:
    assert cli.main(["report", str(root)]) == 0
    return (root / "report.html").read_text(), (root / "report.md").read_text()


def test_everything_from_files_is_escaped(tmp_path: Path) -> None:
    ablation = {"question": EVIL, "seeds": 2, "choices": {EVIL: [EVIL], "noise": ["a", "b"]}}
    for number, noise in enumerate(["a", EVIL] * 2):
        seed = number // 2
        metrics = {EVIL: entry(1.0 + number, seed, better=EVIL, **{EVIL: EVIL, "features": EVIL})}
        metrics[EVIL]["details"][EVIL] = 1
        made = summary(metrics, seed, choices={EVIL: noise}, task=EVIL, git_revision=EVIL, device=EVIL)
        folder = write_run(
            tmp_path / f"sweep {EVIL.replace('/', '')}" / str(number),
            [f"noise={noise}", f"seed={seed}"],
            made,
            ablation,
            grid=True,
        )
        (folder / "metrics.csv").write_text(f'iteration,"{EVIL.replace(chr(34), chr(34) * 2)}"\n1,2\n2,3\n')
    (tmp_path / f"sweep {EVIL.replace('/', '')}" / "9" / ".hydra").mkdir(parents=True)
    html, markdown = pages(tmp_path)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html
    parts = re.sub(r"\\.", "", markdown).split("`")
    assert not any("<" in part for part in parts[::2])  # code, between backticks, shows HTML as it is
    rows = list(csv.reader(io.StringIO((tmp_path / "report.csv").read_text())))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(cell.startswith(("=", "@")) for row in rows for cell in row)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("summary.json", b'{"metrics": ', "summary.json is no JSON"),
        ("summary.json", b"[" * 100_000, "summary.json is no JSON"),
        ("summary.json", b"[1, 2]", "summary.json holds no JSON object"),
        ("summary.json", b'{"fid": {}}', 'summary.json holds no "metrics"'),
        ("summary.json", b'{"metrics": {"a": 3}}', 'summary.json holds no "metrics"'),
        ("summary.json", b'{"metrics": {}, "x": "' + b"x" * 2**20 + b'"}', "summary.json is larger than 1 MiB"),
        ("summary.json", b"\xff\xfe\x00", "summary.json is no JSON"),
        (".hydra/overrides.yaml", b"a: [", "overrides.yaml is no YAML"),
        (".hydra/overrides.yaml", b"a: 1", "overrides.yaml is no list of overrides"),
        (".hydra/overrides.yaml", b"- !!python/object/apply:os.system [id]", "overrides.yaml is no YAML"),
        (".hydra/overrides.yaml", b"&a [&b [*a, *a], *b]", "overrides.yaml is no list of overrides"),
    ],
)
def test_a_damaged_file_makes_a_failed_run(tmp_path: Path, file: str, content: bytes, told: str) -> None:
    good(tmp_path / "0")
    (good(tmp_path / "1", 1) / file).write_bytes(content)
    html, markdown = pages(tmp_path)
    assert "2 runs, of which 1 failed" in markdown
    assert f"`1` ({told}" in markdown.replace("\\", "")
    assert told.partition('"')[0] in html


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    good(tmp_path / "0")
    pipe = good(tmp_path / "1", 1) / "summary.json"
    pipe.unlink()
    os.mkfifo(pipe)
    assert "summary.json is no ordinary file" in pages(tmp_path)[1]


def test_links_are_not_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good(tmp_path / "logs" / "0")
    picture = good(tmp_path / "private") / "samples" / "0002000.png"
    for folder in ("logs/1", "logs/2"):
        good(tmp_path / folder, int(folder[-1]))
    linked = tmp_path / "logs" / "0" / "samples" / "0003000.png"
    linked.symlink_to(picture)
    (tmp_path / "logs" / "1" / "summary.json").unlink()
    (tmp_path / "logs" / "1" / "summary.json").symlink_to(tmp_path / "private" / "summary.json")
    html, markdown = pages(tmp_path / "logs")
    assert "> **Mind:** 0: 0003000.png is no ordinary file" in markdown
    assert "`1` (summary.json is no ordinary file)" in markdown
    assert "data:image/jpeg" not in html
    (tmp_path / "logs" / ".report.html.tmp").symlink_to(picture)
    before = picture.read_bytes()
    assert cli.main(["report", str(tmp_path / "logs")]) == 1
    assert "remove the link" in capsys.readouterr().err
    assert picture.read_bytes() == before


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "1" + "0" * 400, "true", "null", '"5"', "[1]"])
def test_a_value_that_is_no_finite_number_is_left_out(tmp_path: Path, value: str) -> None:
    good(tmp_path / "0")
    other = good(tmp_path / "1", 1) / "summary.json"
    other.write_text(other.read_text().replace('"value": 6.0', f'"value": {value}'))
    markdown = pages(tmp_path)[1]
    assert "| 1 of 2 | 5 |" in markdown
    assert "> **Mind:** 1: no finite fid/classifier" in markdown


@pytest.mark.parametrize("content", [b"no picture", b"\x89PNG\r\n\x1a\n", b""])
def test_a_damaged_grid_or_curve_is_told(tmp_path: Path, content: bytes) -> None:
    folder = good(tmp_path / "0")
    (folder / "samples" / "0002000.png").write_bytes(content)
    (folder / "metrics.csv").write_bytes(b"iteration,fid/classifier\n1,x\n")
    markdown = pages(tmp_path)[1]
    assert "> **Mind:** 0: samples/0002000.png is no PNG" in markdown
    assert "> **Mind:** 0: metrics.csv is no table of numbers" in markdown


def test_a_picture_of_too_many_pixels_is_not_unpacked(tmp_path: Path) -> None:
    folder = good(tmp_path / "0")
    Image.new("1", (20_000, 9_000)).save(folder / "samples" / "0002000.png")
    assert "samples/0002000.png is no PNG" in pages(tmp_path)[1]


def test_lines_of_files_stay_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        made = summary({"fid/classifier": entry(5.0 + number, number // 2)}, number // 2)
        write_run(tmp_path / str(number), [f"noise={'ab'[number % 2]}\n\x1b[31m\u202e", f"seed={number // 2}"], made)
    pages(tmp_path)
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 2
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_an_endless_question_is_cut(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "0", [], summary({}), {"question": "why " * 10_000, "seeds": 1, "choices": {}})
    assert len(pages(tmp_path)[0]) < 40_000
    (folder / ".hydra" / "config.yaml").write_text("a: &a [x]\nablation: {question: [1], choices: {a: [&b [*a], *b]}}")
    pages(tmp_path)


def test_a_summary_of_too_many_metrics_is_damaged(tmp_path: Path) -> None:
    folder = good(tmp_path / "0")
    (folder / "summary.json").write_text(json.dumps({"metrics": {str(number): {} for number in range(300)}}))
    assert read_run(folder).problem == "summary.json holds more than 200 metrics"
