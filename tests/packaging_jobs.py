"""One wheel from a clean export of HEAD, one fresh environment: shared by the wheel and the core-only tests.

The environment first gets the wheel with its required dependencies only, and the core-only job runs in it;
then JupyterLab joins it for the wheel test. Building and installing happen once per session.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CONSTRAINTS = REPOSITORY / "constraints.txt"


@dataclass(frozen=True)
class Environment:
    """A virtual environment outside the repository."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def variables(self) -> dict[str, str]:
        """The process environment in which this environment is all there is: no Node, no Python path."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "JUPYTER"))}
        return {**kept, "PATH": str(self.folder / "bin")}

    def run(self, *arguments: str, cwd: Path) -> str:
        """Run its interpreter; returns what it said on standard error, then what it printed."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=cwd,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stderr + done.stdout

    def install(self, *requirements: str) -> None:
        """Install with the versions that the project is developed with."""
        command = [
            self.python,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "-c",
            str(CONSTRAINTS),
        ]
        done = subprocess.run([*command, *requirements], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def build_wheel(folder: Path) -> Path:
    """Build the wheel of HEAD in `folder`, where nothing is but what git knows."""
    source, out = folder / "source", folder / "dist"
    source.mkdir()
    archive = folder / "head.zip"  # tar files want a filter since Python 3.12, and 3.11.2 knows none
    subprocess.run(["git", "archive", "-o", str(archive), "HEAD"], cwd=REPOSITORY, check=True)
    shutil.unpack_archive(archive, source)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--disable-pip-version-check", "-w", str(out), "."],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(source, ignore_errors=True)  # node_modules is half a gigabyte
    (wheel,) = out.glob("*.whl")
    return wheel


def create_environment(folder: Path) -> Environment:
    """An empty virtual environment."""
    venv.create(folder, with_pip=True)
    return Environment(folder)
