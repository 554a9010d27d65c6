"""One wheel from a clean export of HEAD, one fresh environment: shared by the wheel and the core-only tests.

The environment first gets the wheel and its required dependencies, and the core-only job runs in it; then JupyterLab
joins it for the wheel test. Building and installing happen once per session.

What an environment gets is what pip would choose with the versions that the project is developed with. pip has
installed them already, beside the interpreter of the tests: the files of a distribution and of all that it requires, as
their metadata say, are linked from there, which takes a second instead of minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parent.parent
SCRIPT = """#!{python}
import sys
from importlib.metadata import EntryPoint
sys.exit(EntryPoint({name!r}, {value!r}, "console_scripts").load()())
"""


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

    def pip(self, *arguments: str, cwd: Path | None = None, path: str | None = None) -> None:
        """Runs our pip on this environment; `path` is the PATH of what it starts."""
        command = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check"]
        variables = os.environ if path is None else os.environ | {"PATH": path}
        done = subprocess.run(
            [*command, *arguments], cwd=cwd, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, wheel: Path) -> None:
        """Installs a wheel and what it requires, without its extras."""
        self.pip("install", "-q", "--no-deps", str(wheel))
        (site,) = self.folder.glob("lib/python*/site-packages")
        (own,) = distributions(path=[str(site)])
        self.link(*[text for text in own.requires or () if "extra ==" not in text])
        self.pip("check")

    def link(self, *requirements: str) -> None:
        """Links distributions of the tests' own environment, and all that they require, into this one."""
        for found in closure(requirements):
            for file in found.files or ():
                source = Path(os.path.normpath(found.locate_file(file)))
                place = source.relative_to(sys.prefix)
                target = self.folder / place
                if place.parts[0] != "bin" and source.is_file() and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    link(source, target)
            for entry in found.entry_points.select(group="console_scripts"):
                script = self.folder / "bin" / entry.name
                script.write_text(SCRIPT.format(python=self.python, name=entry.name, value=entry.value))
                script.chmod(0o755)


def closure(requirements: Iterable[str]) -> list[Distribution]:
    """The distributions of the tests' own environment that satisfy `requirements`, and all that these require."""
    found: dict[tuple[str, frozenset[str]], Distribution] = {}
    todo = [Requirement(text) for text in requirements]
    while todo:
        wanted = todo.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key not in found:
            found[key] = distribution(wanted.name)
            assert wanted.specifier.contains(found[key].version, prereleases=True), f"{wanted} is not here"
            more = [Requirement(text) for text in found[key].requires or ()]
            extras = ("", *wanted.extras)
            todo += [
                r for r in more if r.marker is None or any(r.marker.evaluate({"extra": e}) for e in extras)
            ]
    return list({name: one for (name, _), one in found.items()}.values())


def link(source: str | Path, target: str | Path) -> None:
    """A hard link; a copy on another file system, and of what npm may write anew."""
    rewritten = Path(source).name == ".package-lock.json"
    try:
        (shutil.copy2 if rewritten else os.link)(source, target)
    except OSError:
        shutil.copy2(source, target)


def build_wheel(folder: Path) -> Path:
    """Build the wheel of HEAD in `folder`, where nothing is but what git knows, and what the build says it needs."""
    source, out = folder / "source", folder / "dist"
    source.mkdir()
    archive = folder / "head.zip"  # tar files want a filter since Python 3.12, and 3.11.2 knows none
    subprocess.run(["git", "archive", "-o", str(archive), "HEAD"], cwd=REPOSITORY, check=True)
    shutil.unpack_archive(archive, source)
    builder = create_environment(folder / "builder")
    builder.link(*tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"])
    if (REPOSITORY / "node_modules").is_dir():  # npm looks whether it is what the lock file says
        shutil.copytree(
            REPOSITORY / "node_modules", source / "node_modules", symlinks=True, copy_function=link
        )
    path = f"{builder.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    builder.pip(
        "wheel", "--no-deps", "--no-build-isolation", "-w", str(out), ".", cwd=source, path=path
    )  # fmt: skip
    shutil.rmtree(source, ignore_errors=True)  # node_modules is half a gigabyte
    (wheel,) = out.glob("*.whl")
    return wheel


def create_environment(folder: Path) -> Environment:
    """An empty virtual environment."""
    venv.create(folder)
    return Environment(folder)
