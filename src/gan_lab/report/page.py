"""The page, the Markdown file and the table, made of the same numbers and put in place whole."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from gan_lab import __version__, atomic
from gan_lab.errors import UserError
from gan_lab.report.analysis import analyse
from gan_lab.report.files import text
from gan_lab.report.runs import find_folders, read_run
from gan_lab.report.sections import group
from gan_lab.report.table import as_csv
from gan_lab.report.views import View, data_uri, view_of
from gan_lab.report.wanted import check_wanted

SUFFIXES = (".html", ".md", ".csv")
MOST_GRIDS = 300  # of a page


@dataclass(frozen=True)
class Report:
    """What was written where, how many runs it tells of, and the verdicts with their sections' titles."""

    files: list[Path]
    runs: int
    failed: int
    verdicts: list[tuple[str, str]]


def write_report(root: Path, out: Path | None = None, metric: str | None = None, baseline: str | None = None) -> Report:
    """Read all runs in and below `root` and write NAME.html, NAME.md and NAME.csv.

    Args:
        root: a run, a sweep, or a folder with many of them.
        out: NAME, a path; by default `report` in `root`.
        metric: the metric of the first table and of the verdicts.
        baseline: the label of the choice that others are compared with.

    Raises:
        UserError: where there is no run, or none with this metric or baseline.
        OSError: where a file cannot be written.
    """
    runs = [read_run(folder) for folder in find_folders(root)]
    sections = group(root, runs)
    check_wanted(sections, metric, baseline)
    analyses = [analyse(section, metric, baseline) for section in sections]
    views: list[View] = []
    shown = 0
    for analysis in analyses:
        views.append(view_of(analysis, with_grids=shown < MOST_GRIDS))
        shown += len(views[-1].grids)
    failed = sum(1 for run in runs if run.result is None)
    title = text(root.resolve().name)
    facts = {"views": views, "title": title, "runs": len(runs), "failed": failed, "version": __version__}
    texts = (render("report.html.j2", facts), render("report.md.j2", facts), as_csv(analyses))
    files = [name_of(root, out, suffix) for suffix in SUFFIXES]
    refuse_links(files[0].parent)
    for path, content in zip(files, texts, strict=True):
        atomic.write(path, content.encode(errors="replace"))
    verdicts = [(view.analysis.section.title, line) for view in views for line in view.verdicts]
    return Report(files, len(runs), failed, verdicts)


def refuse_links(folder: Path) -> None:
    """Raise a `UserError` where a link stands in the place of a temporary file: `atomic` would write through it."""
    for link in folder.glob(".*.tmp"):
        if link.is_symlink():
            raise UserError(
                f"{link} leads to {os.readlink(link)}; remove the link, or choose another place by --out NAME"
            )


def name_of(root: Path, out: Path | None, suffix: str) -> Path:
    """The file of one kind: NAME may have come with the ending of any."""
    base = root / "report" if out is None else out
    return base.with_name(base.name.removesuffix(base.suffix if base.suffix in SUFFIXES else "") + suffix)


def render(template: str, facts: dict[str, Any]) -> str:
    """Fill a template in; in HTML every value is escaped, in Markdown those that the template marks."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gan_lab.report"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(code=as_code, md=as_markdown, soft=breakable, data_uri=data_uri)
    return environment.get_template(template).render(facts)


def breakable(value: str) -> Markup:
    """A text as HTML that may go on in the next line after the signs that join a key and its value."""
    return Markup(re.sub(r"([=_./,])", r"\1<wbr>", str(escape(value))))


def as_code(value: str) -> str:
    """A text in Markdown's backticks, also in a cell of a table."""
    return "`" + value.replace("`", "'").replace("|", "\\|") + "`" if value.strip() else ""


def as_markdown(value: str) -> str:
    """A text in which Markdown finds nothing to mark up, no HTML and no link."""
    return re.sub(r"([\\`*_\[\]<>|~&#@$])", r"\\\1", value).replace("://", ":\\//")
