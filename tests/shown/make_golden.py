"""Writes texts and what is shown of them, read by pytest and vitest: `python tests/shown/make_golden.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import hostile  # noqa: E402

from dvlwidgets.data.shown import shown  # noqa: E402

MORE = (
    "",
    "plain",
    "x\u200cy",
    "می\u200cx",
    "\u200cمی",
    "می\u200c",
    "می\u200d\u200c\u200bخ",
    "a\r\nb\rc\n\td",
    "犬\r\n犬",
    "e" + "\u0301" * 6,
    "e" + "\u0301" * 7 + "\u200d" + "犬" + "\u20dd" * 9,
    "e" + "\u0301" * 8 + "\u202e" + "\u0301" * 8,
    "\U0001f469\u200d\U0001f467\U000e0001",
    "\ue000\U0010fffd\U0001ffff",
    "\u302e\u302e\u302e\u302e\u302e\u302e\u302e\u302e",
    "\x7f\x80\x9f\xa0\xad\xff",
    "\\u202e",
)


def cases() -> list[dict[str, Any]]:
    """Every text of the corpus, and some that try the rules at their edges; as names and as texts with lines."""
    texts = (*hostile.PAYLOADS, *hostile.HONEST, *MORE)
    return [
        {"text": text, "lines": lines, "shown": shown(text, lines=lines)}
        for text in texts
        if len(text) < 3000
        for lines in (False, True)
    ]


if __name__ == "__main__":
    (HERE / "cases.json").write_text(json.dumps(cases(), indent=1) + "\n", encoding="utf-8")
