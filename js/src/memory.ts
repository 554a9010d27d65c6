/** What a view leaves to the next one of the same model: JupyterLab makes a new view whenever an output is republished. */

import type { UiState } from './state';

export interface ViewMemory<S = UiState> {
  state: S;
  /** Pixels that the table was scrolled down. */
  top: number;
  /** As the person dragged it; empty when nobody did. */
  height: string;
  /** What held the keyboard's focus, and when that was last so; null when nothing did. */
  focus: { selector: string; at: number } | null;
}

/** A focus lost longer ago than this (ms) is not taken back: the person is somewhere else. */
const FOCUS_KEPT = 3000;

/** Finds the same element in another view: rows go by their grid, since the table keeps its own row in focus. */
function selectorOf(element: Element): string | null {
  const named = element.closest('[data-testid]');
  const id = named?.getAttribute('data-testid');
  if (named === null || id == null) {
    return null;
  }
  const grid = named.closest('[role="grid"], [role="listbox"]')?.getAttribute('data-testid');
  if (grid != null) {
    return `[data-testid="${grid}"]`;
  }
  const more = ['data-code', 'data-chip'].map((name) => {
    const value = named.getAttribute(name);
    return value === null ? '' : `[${name}="${value}"]`;
  });
  return `[data-testid="${id}"]${more.join('')}`;
}

export interface Scroller {
  readonly grid: HTMLElement;
  top(): number;
  scrollTo(top: number): void;
  focus(): void;
}

/** Watches one view, so that it can be left and come back to. */
export class ViewKeeper<S = UiState> {
  #focused: ViewMemory['focus'] = null;
  #returning: ViewMemory<S> | null;
  readonly #source: { memory: ViewMemory<S> | null };
  readonly #root: HTMLElement;
  readonly #table: Scroller;

  constructor(source: { memory: ViewMemory<S> | null }, root: HTMLElement, table: Scroller) {
    this.#source = source;
    this.#root = root;
    this.#table = table;
    this.#returning = source.memory;
    root.addEventListener('focusin', (event) => {
      const selector = selectorOf(event.target as Element);
      this.#focused = selector === null ? null : { selector, at: Date.now() };
      if (source.memory !== null && this.#returning === null) {
        source.memory.focus = this.#focused;
      }
    });
    root.addEventListener('focusout', () => {
      if (this.#focused !== null) {
        this.#focused.at = Date.now();
      }
    });
  }

  /** The state and the height to begin with, where there was a view before. */
  get former(): ViewMemory<S> | null {
    return this.#returning;
  }

  /** Called after every paint: a host may throw a view away without a word. */
  remember(state: S): void {
    if (this.#returning !== null || !this.#root.isConnected) {
      return;
    }
    if (this.#focused !== null && this.#holdsFocus()) {
      this.#focused.at = Date.now();
    }
    this.#source.memory = {
      state,
      top: this.#table.top(),
      height: this.#root.style.height,
      focus: this.#focused,
    };
  }

  /** Once the view has a size: scrolls to where the last one was, and takes its focus when nobody else did. */
  comeBack(): void {
    const memory = this.#returning;
    if (memory === null || this.#root.clientHeight === 0) {
      return;
    }
    this.#returning = null;
    this.#table.scrollTo(memory.top);
    const idle = document.activeElement === null || document.activeElement === document.body;
    if (memory.focus === null || !idle || Date.now() - memory.focus.at > FOCUS_KEPT) {
      return;
    }
    const held = this.#root.querySelector<HTMLElement>(memory.focus.selector);
    if (held === null || held === this.#table.grid) {
      this.#table.focus();
    } else {
      held.focus({ preventScroll: true });
    }
  }

  #holdsFocus(): boolean {
    const active = (this.#root.getRootNode() as Partial<ShadowRoot>).activeElement ?? null;
    return active !== null && this.#root.contains(active);
  }
}
