// @vitest-environment jsdom

import { beforeEach, describe, expect, it, vi } from 'vitest';

import { createTable, MAX_HEIGHT, ROW, type TableActions } from '../src/views/table';
import { keepWheel } from '../src/wheel';

/** Turns the wheel over an element; whether the page outside hears of it, and whether the browser scrolls by itself. */
function turned(over: Element, init: WheelEventInit): [heard: boolean, scrolls: boolean] {
  const page = vi.fn();
  document.body.addEventListener('wheel', page, { once: true });
  const event = new WheelEvent('wheel', { bubbles: true, composed: true, cancelable: true, ...init });
  over.dispatchEvent(event);
  document.body.removeEventListener('wheel', page);
  return [page.mock.calls.length > 0, !event.defaultPrevented];
}

const OURS = [false, false];
const BROWSERS = [false, true];
const PAGES = [true, true];

beforeEach(() => document.body.replaceChildren());

describe('a table that is longer than a browser can show', () => {
  const n = Math.ceil(MAX_HEIGHT / ROW) * 2;
  const open = () => {
    const table = createTable({ visible: () => undefined } as unknown as TableActions, () => ({
      element: document.createElement('div'),
      paint: () => undefined,
    }));
    document.body.append(table.element);
    const data = {
      columns: [],
      order: new Uint32Array(n),
      n,
      sort: [],
      focus: -1,
      selected: new Set<number>(),
    };
    table.update({ ...data, allSelected: false, empty: '' });
    return table;
  };

  it('moves by the wheel', () => {
    const table = open();
    expect(turned(table.grid, { deltaY: 90 })).toEqual(OURS);
    expect(table.top()).toBe(90);
    expect(turned(table.grid, { deltaY: -1, deltaMode: 1 })).toEqual(OURS);
    expect(table.top()).toBe(90 - ROW);
  });

  it('lets the page scroll at its ends', () => {
    const table = open();
    expect(turned(table.grid, { deltaY: -90 })).toEqual(PAGES);
    table.scrollTo(Infinity);
    expect(turned(table.grid, { deltaY: 90 })).toEqual(PAGES);
    expect(turned(table.grid, { deltaY: -90 })).toEqual(OURS);
  });

  it('has nothing to do with a turn sideways, or with one that zooms', () => {
    const table = open();
    expect(turned(table.grid, { deltaX: 90 })).toEqual(PAGES);
    expect(turned(table.grid, { deltaY: 90, ctrlKey: true })).toEqual(PAGES);
    expect(table.top()).toBe(0);
  });
});

describe('a turn of the wheel over what scrolls in the panel', () => {
  const open = () => {
    const panel = document.body.appendChild(document.createElement('div'));
    const list = panel.appendChild(document.createElement('div'));
    list.style.overflowY = 'auto';
    Object.defineProperties(list, { scrollHeight: { value: 300 }, clientHeight: { value: 100 } });
    panel.addEventListener('wheel', keepWheel);
    return list;
  };

  it('is not heard outside until that has come to its end', () => {
    const list = open();
    expect(turned(list, { deltaY: 90 })).toEqual(BROWSERS);
    list.scrollTop = 200;
    expect(turned(list, { deltaY: 90 })).toEqual(PAGES);
  });

  it('is heard where it turns sideways, or zooms', () => {
    const list = open();
    expect(turned(list, { deltaX: 90 })).toEqual(PAGES);
    expect(turned(list, { deltaY: 90, ctrlKey: true })).toEqual(PAGES);
  });
});
