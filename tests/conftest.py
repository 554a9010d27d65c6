"""What every test shares: a quiet, isolated Jupyter, and reproducible property tests."""

from __future__ import annotations

import atexit
import gc
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from packaging_jobs import Environment, build_wheel, create_environment
from warm_kernels import warm_kernels
from watch import watch

__all__ = ["watch"]  # a fixture that lives beside its clock

# Two cores are shared by everything CI runs: a deadline would measure the machine, not the code.
# Fixed examples keep CI's verdict a function of the commit.
settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
# Other examples each time, for a search by hand: HYPOTHESIS_PROFILE=search.
settings.register_profile("search", settings.get_profile("ci"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# A shell without job control starts what runs in the background with Ctrl-C switched off, for its children too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What is imported while tests are collected, three quarters of a million objects, stays to the end: to look through it
# for garbage takes a third of a second each time, and is done thousands of times.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on there is garbage again, and nobody looks for it in the modules."""
    gc.enable()
    gc.collect()
    gc.freeze()


# Read by Jupyter's path functions at import: nothing of the user's own configuration may matter or be written.
_JUPYTER_HOME = tempfile.mkdtemp(prefix="dvlwidgets-tests-")
atexit.register(shutil.rmtree, _JUPYTER_HOME, ignore_errors=True)
for _variable, _folder in {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
}.items():
    os.environ[_variable] = str(Path(_JUPYTER_HOME, _folder))
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"


@pytest.fixture(scope="session", autouse=True)
def _no_power_cut() -> Iterator[None]:
    """Nobody cuts the power of a test: to wait for the disk proves nothing."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files go to a folder of the test, and no JavaScript is needed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dvlwidgets.widgets.bundle.read", lambda name: f"/* {name} */ export default {{}}")
    return tmp_path


@pytest.fixture
def opened(elsewhere: Path) -> Iterator[Callable[..., Any]]:
    """Makes panels, each with its page: `opened(train, valuation=..., hello=False, ...)`."""
    from panel_fakes import panels  # not every test needs a panel

    with panels() as make:
        yield make


@pytest.fixture
def valued(opened: Callable[..., Any]) -> tuple[Any, Any]:
    """A panel with values of three named classes, and its page."""
    from panel_fakes import dataset, greet, progress

    panel, page = opened(dataset(target_names=["ash", "birch", "cedar"]), hello=False)
    panel.start()
    panel.run.yields(progress(seq=1))
    greet(page)
    return panel, page


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """A folder for JUPYTER_PATH: its kernels have the usual libraries imported when they start, but not dvlwidgets."""
    with tempfile.TemporaryDirectory(prefix="dvlwidgets-warm-") as home, warm_kernels(Path(home)):
        yield Path(home)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of HEAD, built once."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def core_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A fresh environment with the wheel and its required dependencies, and nothing else."""
    environment = create_environment(tmp_path_factory.mktemp("core") / "venv")
    environment.install(wheel)
    return environment


@pytest.fixture(scope="session")
def core_only_report(
    core_environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    """What the core-only job printed; it runs before anything else joins the environment."""
    script = Path(__file__).parent / "core_only" / "job.py"
    printed = core_environment.run("-W", "error", str(script), cwd=tmp_path_factory.mktemp("core-only"))
    report: dict[str, object] = json.loads(printed.splitlines()[-1])
    return report


@pytest.fixture(scope="session")
def lab_environment(core_environment: Environment, core_only_report: dict[str, object]) -> Environment:
    """The same environment once JupyterLab has joined it."""
    core_environment.link("jupyterlab", "ipykernel")
    return core_environment
