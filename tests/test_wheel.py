"""The package as it is installed for use, not for development."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def test_a_built_wheel_trains_from_an_empty_folder(tmp_path: Path) -> None:
    """Its dependencies come from this environment; the package itself only from the wheel."""
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(REPOSITORY)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 4_000_000
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(installed)
    shipped = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "conf").rglob("*.yaml")}
    assert {name.removeprefix("gan_lab/") for name in names if name.endswith(".yaml")} == shipped
    assert {f"gan_lab/report/templates/{name}" for name in ("report.html.j2", "report.md.j2", "style.css")} <= {*names}
    program = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import gan_lab.cli; "
        f"assert gan_lab.__file__.startswith({str(installed)!r}), gan_lab.__file__; "
        "sys.exit(gan_lab.cli.main(sys.argv[1:]))"
    )
    tiny = ["iterations=2", "network.width=8", "metrics.num_samples=64", "trainer=cpu", "hydra.run.dir=run"]
    done = subprocess.run(
        [sys.executable, "-c", program, "train", *tiny],
        cwd=empty,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "fid/classifier: " in done.stdout
    assert (empty / "run" / "summary.json").is_file()
    assert '"git_revision": null' in (empty / "run" / "summary.json").read_text()
