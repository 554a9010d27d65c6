"""One table of all speeds: what, ours, the reference's, their ratio, the goal. `make bench` runs it.

    .venv/bin/python tests/bench/table.py                     # everything; writes speed.md, refreshes README.md
    .venv/bin/python tests/bench/table.py --only cores walks  # prints, writes nothing
    .venv/bin/python tests/bench/table.py --small             # what CI runs
    .venv/bin/python tests/bench/table.py --small --record    # and writes recorded.json, which CI compares with

Each script of `SCRIPTS` has `rows(small)`, which says what it measures and how: references with default parameters, the
same data and one BLAS thread as ours, imports warm, medians of turns that alternate. One that fails gives a line that
says so, and exit code 1. Peers have environments of their own (peers.txt, peers_influence.txt; PEER_PYDVL and
PEER_KRONFLUENCE say where); where one is missing its cells say NOT MEASURED.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import os
import platform
import re
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from row import Row

HERE = Path(__file__).resolve().parent
PAGE, RECORDED, README = HERE / "speed.md", HERE / "recorded.json", HERE.parent.parent / "README.md"
SCRIPTS = tuple(
    name
    for name in (
        "engine_overhead", "fit_many", "valuations", "walks", "tree_overhead", "torch_ensemble", "closed_forms",
        "cores", "influence_rows",
    )
    if (HERE / f"{name}.py").exists()
)  # fmt: skip
NOT_IN_CI = {"valuations"}  # 20 seconds; rows of walks.py and engine_overhead.py are whole valuations, too
PEERS = {
    "pyDVL": ("PEER_PYDVL", "/tmp/dvl/peers"),
    "kronfluence": ("PEER_KRONFLUENCE", "/tmp/dvl/peers-kron"),
}
NOT_MEASURED, FAILED = "NOT MEASURED", "FAILED"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
COLLAPSE = 3.0
"""CI fails where a ratio is less than its recorded value over this."""

HEAD = (
    "| what | ours | reference | ratio | goal | met | reference is | bound, remarks |\n" + "| --- " * 8 + "|"
)
MARKS = "<!-- speed: from tests/bench/speed.md, by `make bench` -->", "<!-- /speed -->"


def measured(
    scripts: Sequence[str],
    small: bool,
    tell: Callable[[Row], None],
    failed: Callable[[str, BaseException], None],
) -> dict[str, list[Row]]:
    """The rows of each script; what a failing one gave before is kept.

    Args:
        scripts: names of modules beside this file.
        small: the version of CI.
        tell: hears of each row when it is there.
        failed: hears of scripts that broke off, with the error.
    """
    found: dict[str, list[Row]] = {}
    for name in scripts:
        mine = found[name] = []
        try:
            for row in importlib.import_module(name).rows(small):
                mine.append(row)
                tell(row)
            assert mine, f"{name}.rows({small}) yields nothing"
        except Exception as error:  # one script must not cost the others their table
            failed(name, error)
    return found


def amount(much: float, unit: str) -> str:
    """Three digits in a unit that suits them."""
    return duration(much) if unit == "s" else f"{much:.3g} {unit}"


def duration(seconds: float) -> str:
    """Seconds, or a part of one."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return (
                f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:,.0f} {unit}"
            )
    return f"{seconds * 1e9:.3g} ns"


def times(ratio: float) -> str:
    """A ratio with two or three digits."""
    return f"{ratio:,.0f}x" if ratio >= 20 else f"{ratio:.1f}x" if ratio >= 2 else f"{ratio:.2f}x"


def line(row: Row) -> str:
    """A row in Markdown."""
    cells = [row.what, amount(row.ours, row.unit)]
    if row.reference is None or row.ratio is None:
        cells += [NOT_MEASURED, "", "" if row.goal is None else f"{row.goal:.3g}x", ""]
    else:
        met = "" if row.goal is None else "yes" if row.ratio >= row.goal else "NO"
        goal = "" if row.goal is None else f"{row.goal:.3g}x"
        cells += [amount(row.reference, row.unit), times(row.ratio), goal, met]
    return "| " + " | ".join(cell.replace("|", "/") for cell in [*cells, row.against, row.bound]) + " |"


def broken(name: str, error: BaseException) -> str:
    """The line of a script that broke off."""
    said = " ".join(f"{type(error).__name__}: {error}".split())[:200].replace("|", "/")
    return f"| {name} | {FAILED} | | | | NO | | {said} |"


def machine() -> str:
    """The processor and its cores."""
    said = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", said, re.MULTILINE)
    return f"{named[1] if named else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def peers() -> Iterator[str]:
    """The peers with their versions, or that they are missing. Folders are looked at, nothing is started."""
    for name, (variable, usual) in PEERS.items():
        place = Path(os.environ.get(variable, usual))
        infos = [path.name for path in place.glob("lib/python*/site-packages/*.dist-info")]
        found = [i for i in infos if i.lower().startswith(f"{name.lower()}-")]
        said = found[0].split("-")[1].removesuffix(".dist") if found else f"{NOT_MEASURED}, none in {place}"
        yield f"{name} {said}"


def circumstances() -> str:
    """Machine, versions, date and load."""
    ours = ("dvlwidgets", "numpy", "scipy", "scikit-learn", "torch", "joblib")
    versions = ", ".join([*(f"{name} {version(name)}" for name in ours), *peers()])
    today, load = dt.datetime.now(tz=dt.UTC).date(), os.getloadavg()
    return (
        f"{today}, {machine()}, one BLAS thread, load {load[0]:.1f} (last quarter of an hour {load[2]:.1f}).\n"
        f"Python {platform.python_version()}, {versions}."
    )


def short(rows: Sequence[Row]) -> str:
    """What README.md shows: the rows with a goal, in four columns."""
    lines = ["| | ours | reference | ratio |", "| --- | --- | --- | --- |"]
    for row in rows:
        if row.goal is not None and row.reference is not None and row.ratio is not None:
            ours, reference = (amount(much, row.unit) for much in (row.ours, row.reference))
            against = row.against.split(":")[0]
            lines.append(f"| {row.what} | {ours} | {reference} ({against}) | {times(row.ratio)} |")
    return "\n".join(lines)


def refresh(text: str, table: str) -> str:
    """A page with the table between its marks; a page without marks stays as it is."""
    before, mark, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    return f"{before}{mark}\n\n{table}\n\n{end}{after}" if mark and end else text


def compare(recorded: Mapping[str, float], rows: Sequence[Row]) -> list[str]:
    """What has collapsed, or is not there any more, in words."""
    now = {row.what: row.ratio for row in rows}
    said = []
    for what, before in recorded.items():
        ratio = now.get(what)
        if ratio is None:
            said.append(
                f"{what}: recorded with {times(before)}, not measured now. Renamed? `make bench-record`."
            )
        elif ratio < before / COLLAPSE:
            said.append(f"{what}: {times(ratio)}, recorded with {times(before)}.")
    return said


def recorded(scripts: Sequence[str]) -> dict[str, float]:
    """Ratios of some scripts, as recorded."""
    ratios = json.loads(RECORDED.read_text())["ratios"]
    return {what: ratio for name in scripts for what, ratio in ratios.get(name, {}).items()}


def record(found: Mapping[str, Sequence[Row]], about: str) -> None:
    """Write the ratios of some scripts down; those of others stay."""
    said = json.loads(RECORDED.read_text()) if RECORDED.exists() else {"about": {}, "ratios": {}}
    for name, rows in found.items():
        said["about"][name] = " ".join(about.split())
        said["ratios"][name] = {row.what: float(f"{row.ratio:.3g}") for row in rows if row.ratio is not None}
    RECORDED.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")


def write(lines: Sequence[str], rows: Sequence[Row], about: str) -> None:
    """The page, and its short form in README.md."""
    head = f"# Speed\n\nWritten by `make bench` (tests/bench/table.py) on {about}\n"
    PAGE.write_text("\n".join([head, HEAD, *lines]) + "\n")
    README.write_text(refresh(README.read_text(), short(rows)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table row by row; write it down when it is whole."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=())
    parser.add_argument("--small", action="store_true", help="small problems, no peers")
    parser.add_argument("--record", action="store_true", help="with --small: write recorded.json")
    given = parser.parse_args(arguments)
    scripts = given.only or [name for name in SCRIPTS if not given.small or name not in NOT_IN_CI]
    for variable in ONE_THREAD:  # NumPy is not imported yet
        os.environ.setdefault(variable, "1")
    if given.small:  # the same with and without peers
        os.environ.update({variable: os.devnull for variable, _ in PEERS.values()})
    warnings.simplefilter("ignore")
    lines, wrong = [], []

    def tell(row: Row) -> None:
        lines.append(line(row))
        print(lines[-1], flush=True)

    def failed(name: str, error: BaseException) -> None:
        wrong.append(name)
        lines.append(broken(name, error))
        print("".join(traceback.format_exception(error)), lines[-1], sep="\n", flush=True)

    about = circumstances()
    print(about, HEAD, sep="\n\n", flush=True)
    found = measured(scripts, given.small, tell, failed)
    rows = [row for mine in found.values() for row in mine]
    collapsed: list[str] = []
    if given.small and given.record:
        record(found, about)
    elif given.small:
        collapsed = compare(recorded(scripts), rows)
        print("", *collapsed, sep="\n")
    elif not given.only:
        write(lines, rows, about)
    print(f"\n{time.process_time():.0f} s of this process.")
    return int(bool(wrong or collapsed))


if __name__ == "__main__":
    sys.exit(main())
