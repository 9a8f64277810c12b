"""The curves of a run as one table."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers.logger import Logger
from pytorch_lightning.utilities import rank_zero_only

from gan_lab import atomic, launch
from gan_lab.errors import UserError


class MetricsCSV(Logger):
    """Appends to `metrics.csv`: one row for each iteration with a point of some curve, a column for each curve.

    Lightning's own CSV logger deletes the file of the run that is resumed; this one goes on from it, after dropping
    the rows past iteration `resumed_at`, which will be written again.
    """

    def __init__(self, path: Path, resumed_at: int = 0) -> None:
        super().__init__()
        self.path = path
        self.columns = ["iteration"]
        self._pending: dict[str, Any] = {}
        self._kept: list[dict[str, str]] | None = None  # rows of the resumed run, until the first new one
        if path.is_file() and launch.rank() == 0:
            whole = path.read_text().rpartition("\n")[0]  # a killed run may have left half a row behind
            try:
                reader = csv.DictReader(whole.splitlines())
                rows = [row for row in reader if int(row["iteration"]) <= resumed_at]
                self.columns = list(reader.fieldnames or self.columns)
                if any(None in row or None in row.values() for row in rows):
                    raise ValueError("rows of another length than the first")
            except (KeyError, ValueError, TypeError, csv.Error) as error:
                raise UserError(f"{path} is no table of curves of gan_lab's; remove it to go on without it") from error
            self._kept = rows

    @property
    def name(self) -> str:
        """Lightning's name for the logger."""
        return "metrics"

    @property
    def version(self) -> str:
        """Lightning's version of the run; the run folder says it."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run folder holds the configuration."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add to the row of iteration `step`; a row is written once the next one begins."""
        if self._kept is not None:
            rows, self._kept = self._kept, None
            self._rewrite(rows)
        if self._pending.get("iteration") != step:
            self.save()
        self._pending.update(metrics, iteration=step)

    @rank_zero_only
    def save(self) -> None:
        """Write the row that was being gathered."""
        if not self._pending:
            return
        row, self._pending = self._pending, {}
        new = [column for column in row if column not in self.columns]
        if new:
            rows = self._rows()
            self.columns += new
            self._rewrite(rows)
        text = io.StringIO()
        csv.DictWriter(text, self.columns).writerow(row)
        atomic.append(self.path, text.getvalue())

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write what is left."""
        self.save()

    def _rows(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns)
        writer.writeheader()
        writer.writerows(rows)
        atomic.write(self.path, text.getvalue().encode())
