"""The demo program: values, findings, files, and then the notebook.

python -m dvlwidgets.demo [--out FOLDER] [--seconds S] [--updates N] [--seed N] [--headless]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import joblib

from ..engine.stopping import MaxTime, MaxUpdates, RankCorrelation
from .find import Question, ask, judge
from .report import findings, introduction, write_csv

DATA_SETS = ("breast_cancer", "digits")
NOTEBOOK = Path("examples", "01_find_mislabelled_points.ipynb")
INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C ended."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    options = _options(arguments)
    workers = max(1, joblib.cpu_count())
    for name in DATA_SETS:
        question = None
        try:
            rule = RankCorrelation() | MaxTime(options.seconds)
            if options.updates:
                rule |= MaxUpdates(options.updates)
            question = ask(name, rule, seed=options.seed, progress=True)
            print(*introduction(question, workers), sep="\n", flush=True)
            with joblib.parallel_config(backend="loky", n_jobs=workers):
                question.valuation.fit(question.split.train)
            _tell_and_write(question, options.out / name)
        except KeyboardInterrupt:
            print("\n  interrupted: what was computed is kept", flush=True)
            if (
                question is not None
            ):  # also where it came while the files were written: they are written whole
                _tell_and_write(question, options.out / name)
            return INTERRUPTED
    _open_notebook(options)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dvlwidgets.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="where the files go")
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit per data set")
    parser.add_argument("--updates", type=int, help="stop after so many updates of a point, on any machine")
    parser.add_argument("--seed", type=int, default=0, help="of the split, the flipped labels and the draws")
    parser.add_argument("--headless", action="store_true", help="do not open JupyterLab (also: HEADLESS=1)")
    return parser.parse_args(arguments)


def _tell_and_write(question: Question, folder: Path) -> None:
    """Print what was found and write values.csv and page.html; half a run is told as such."""
    from ..widgets.sharing import static_page

    if not question.valuation.is_fitted:
        print("  nothing was computed yet, so nothing is written")
        return
    found = judge(question)
    if found is None:
        print("  too few values are known to judge them")
    else:
        print(*findings(question, found), sep="\n")
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "values.csv", question, question.valuation.values())
    page = static_page(question.valuation, question.split.train, title=question.name)
    (folder / "page.html").write_text(page, encoding="utf-8")
    print(f"  wrote {folder / 'values.csv'} and {folder / 'page.html'}\n", flush=True)


def _open_notebook(options: argparse.Namespace) -> None:
    """JupyterLab on the example, where there is somebody to see it."""
    if not NOTEBOOK.exists():
        print(
            f"The example notebook is part of the repository, {NOTEBOOK}; run the demo from its folder to open it."
        )
    elif options.headless or not has_display():
        print(f"No display: the notebook is {NOTEBOOK}; open it with `jupyter lab {NOTEBOOK}`.")
    else:
        print(f"Opening {NOTEBOOK} in JupyterLab; Ctrl-C twice ends it.", flush=True)
        # JupyterLab refuses root, as in a container, unless it is told that this is meant
        as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        subprocess.run([sys.executable, "-m", "jupyterlab", *as_root, str(NOTEBOOK)], check=False)


def has_display() -> bool:
    """Whether opening a browser would show anybody anything."""
    if os.environ.get("HEADLESS", "0") not in {"", "0"} or os.environ.get("CI"):
        return False
    return sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


if __name__ == "__main__":
    sys.exit(main())
