"""How the panel copes with a million rows: `python js/tests/harness/perf.py [rows]`. It measures, it asserts nothing.

Times are of one run in headless chromium without a GPU, on whatever else the machine does.
"""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright
from shots import FLAGS, serve

STEPS = {
    "full frame, decoded, ranked, sorted and painted": """async () => {
        const t = performance.now();
        kernel.tick();
        const ticked = performance.now() - t;
        await frames(2);
        return [performance.now() - t, 'of which decoding ' + ticked.toFixed(0)];
    }""",
    "sort by another column": """async () => {
        const t = performance.now();
        id('sort-stderr').click();
        await frames(2);
        return [performance.now() - t, ''];
    }""",
    "filter by text": """async () => {
        const t = performance.now();
        id('filter-text').value = '77';
        id('filter-text').dispatchEvent(new Event('input'));
        await frames(2);
        const took = performance.now() - t;
        const shown = id('footer-shown').textContent;
        id('filter-text').value = '';
        id('filter-text').dispatchEvent(new Event('input'));
        await frames(2);
        return [took, shown];
    }""",
    "one screen of scrolling": """async () => {
        const t = performance.now();
        for (let i = 0; i < 20; i++) {
            id('table').dispatchEvent(new WheelEvent('wheel', { deltaY: 400, cancelable: true, bubbles: true }));
            await frames(1);
        }
        return [(performance.now() - t) / 20, 'mean of 20'];
    }""",
    "to the end and back": """async () => {
        const t = performance.now();
        const press = (key) => id('table').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        press('End');
        await frames(2);
        const last = id('table').scrollTop;
        press('Home');
        await frames(2);
        return [performance.now() - t, 'scroll position ' + last];
    }""",
}
SET_UP = """() => {
    window.root = document.querySelector('[data-dvl-panel]').shadowRoot;
    window.id = (name) => root.querySelector(`[data-testid="${name}"]`);
    window.frames = async (k) => { for (let i = 0; i < k; i++) await new Promise(requestAnimationFrame); };
}"""


def main(rows: int) -> None:
    """Prints one line a step."""
    with serve() as url, sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1424, "height": 640})
        page.goto(f"{url}?kind=tabular&n={rows}")
        page.get_by_test_id("row").first.wait_for(timeout=60_000)
        page.evaluate(SET_UP)
        for name, step in STEPS.items():
            took, note = page.evaluate(step)
            print(f"{rows:>9,} rows  {name:<50} {took:7.0f} ms  {note}")
        print(f"{'':>16}heap {page.evaluate('performance.memory.usedJSHeapSize') / 2**20:.0f} MiB")
        browser.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
