"""What every test shares: a quiet, isolated Jupyter, and reproducible property tests."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Two cores are shared by everything CI runs: a deadline would measure the machine, not the code.
# Fixed examples keep CI's verdict a function of the commit.
settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("ci")

# Read by Jupyter's path functions at import: nothing of the user's own configuration may matter or be written.
_JUPYTER_HOME = tempfile.mkdtemp(prefix="dvlwidgets-tests-")
for _variable, _folder in {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
}.items():
    os.environ[_variable] = str(Path(_JUPYTER_HOME, _folder))
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the checkout."""
    return Path(__file__).resolve().parent.parent
