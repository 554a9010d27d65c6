"""The built JavaScript that the wheel carries."""

from __future__ import annotations

from pathlib import Path

from dvlwidgets.errors import InstallationError

STATIC = Path(__file__).resolve().parent.parent / "static"


def read(name: str) -> str:
    """The text of a built file, `widget.js`, `influence.js`, `pictures.js` or `viewer.js`.

    Raises:
        InstallationError: it was not built.
    """
    path = STATIC / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InstallationError(
            f"{path} is not there: this copy of dvlwidgets was not built. Install the wheel, or run "
            "`npm ci && npm run build` in the source folder."
        ) from None
