/** The list of runs, grouped by notebook; rows stay where they are while what they show changes. */

import { h, setAttr, setText, show } from '../../dom';
import { isChord } from '../../keys';
import { createItem, type Deed, type Item } from './item';
import type { RunInfo } from './runs';
import type { Group, Place } from './tokens';
import { groupWords, olderWords, waitingWords, type Trans } from './words';

export interface ListActions {
  act(deed: Deed, place: Place): void;
  /** Brings a notebook or a console to the front. */
  open(group: Group): void;
  focused(run: string): void;
}

interface Section {
  readonly element: HTMLElement;
  readonly list: HTMLElement;
  update(group: Group): void;
}

export class RunList {
  readonly element = h('div', { class: 'dvl-groups' });
  private readonly sections = new Map<string, Section>();
  private readonly items = new Map<string, { item: Item; place: Place }>();
  private current: string | null = null;

  constructor(
    private readonly trans: Trans,
    private readonly actions: ListActions
  ) {
    this.element.addEventListener('keydown', (event) => this.pressed(event));
    this.element.addEventListener('focusin', (event) => {
      const id = (event.target as Element).closest('[data-run]')?.getAttribute('data-run') ?? null;
      if (id !== null) {
        this.choose(id);
      }
    });
  }

  update(groups: readonly Group[]): void {
    const shown = groups.filter((group) => group.runs.length > 0 || group.link === 'waiting');
    keepOnly(this.sections, new Set(shown.map((group) => group.kernel)), (section) =>
      section.element.remove()
    );
    const runs = new Set(shown.flatMap((group) => group.runs.map((run) => run.id)));
    keepOnly(this.items, runs, ({ item }) => item.element.remove());
    place(
      this.element,
      shown.map((group) => this.section(group))
    );
    if (this.current === null || !this.items.has(this.current)) {
      this.current = this.rows()[0]?.getAttribute('data-run') ?? null;
    }
    this.keepFocus();
    this.rove();
  }

  /** Puts the focus on the present run, if there is one. */
  focus(): boolean {
    const row = this.rows().find((one) => one.getAttribute('data-run') === this.current);
    row?.focus();
    return row !== undefined;
  }

  private section(group: Group): HTMLElement {
    let section = this.sections.get(group.kernel);
    if (section === undefined) {
      section = this.createSection(group.kernel);
      this.sections.set(group.kernel, section);
    }
    section.update(group);
    place(
      section.list,
      group.runs.map((run) => this.row(group, run))
    );
    return section.element;
  }

  private createSection(kernel: string): Section {
    const id = `dvl-group-${kernel}`;
    let group: Group | null = null;
    const open = h('button', {
      type: 'button',
      class: 'dvl-group-name',
      onclick: () => (group === null ? undefined : this.actions.open(group)),
    });
    const away = h('span', { class: 'dvl-group-away' });
    const note = h('p', { class: 'dvl-group-note', role: 'status' });
    const refusal = h('p', { class: 'dvl-group-note', role: 'status', 'data-tone': 'error' });
    const list = h('ul', { class: 'dvl-list', 'aria-labelledby': id });
    const older = h('p', { class: 'dvl-group-older' });
    const element = h(
      'section',
      { class: 'dvl-group' },
      h('div', { class: 'dvl-group-head' }, h('h3', { id }, open), away),
      note,
      refusal,
      list,
      older
    );
    const update = (now: Group): void => {
      group = now;
      setText(open, now.name);
      const does = groupWords(now, this.trans);
      setAttr(open, 'title', does === '' ? null : does);
      setAttr(open, 'aria-disabled', does === '' ? 'true' : null);
      setText(away, now.kind === 'notebook' && !now.here ? this.trans.__('not open here') : '');
      show(away, away.textContent !== '');
      setText(note, now.link === 'waiting' ? waitingWords(now, this.trans) : '');
      show(note, note.textContent !== '');
      setText(refusal, now.refusal ?? '');
      show(refusal, now.refusal !== null);
      setText(older, olderWords(now.leftOut, this.trans));
      show(older, now.leftOut > 0);
    };
    return { element, list, update };
  }

  private row(group: Group, run: RunInfo): HTMLElement {
    const here = { group, run };
    let row = this.items.get(run.id);
    if (row === undefined) {
      const item = createItem(this.trans, (deed) => this.did(deed, run.id));
      row = { item, place: here };
    }
    row = { item: row.item, place: here };
    this.items.set(run.id, row);
    row.item.update(run, group.link === 'waiting');
    return row.item.element;
  }

  private did(deed: Deed, run: string): void {
    const row = this.items.get(run);
    const button = row?.item.element.querySelector(`[data-deed=${deed}]`);
    const can = button?.getAttribute('aria-disabled') !== 'true' && button?.hasAttribute('hidden') === false;
    if (row !== undefined && can) {
      this.actions.act(deed, row.place);
    }
  }

  /** Pause and resume take turns in one place: the focus stays there. A run that is over has neither. */
  private keepFocus(): void {
    const { activeElement: was } = document;
    const row = was?.closest<HTMLElement>('.dvl-run') ?? null;
    if (row !== null && was instanceof HTMLElement && was.hidden && this.element.contains(row)) {
      const other = row.querySelector<HTMLElement>(
        '[data-deed=pause]:not([hidden]), [data-deed=resume]:not([hidden])'
      );
      (other ?? row).focus();
    }
  }

  private pressed(event: KeyboardEvent): void {
    const rows = this.rows();
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const to: Record<string, number> = {
      ArrowDown: Math.min(rows.length - 1, at + 1),
      ArrowUp: Math.max(0, at - 1),
      Home: 0,
      End: rows.length - 1,
    };
    const target = to[event.key];
    if (at >= 0 && target !== undefined && !isChord(event)) {
      event.preventDefault();
      rows[target]?.focus();
      return;
    }
    const run = rows[at]?.getAttribute('data-run') ?? null;
    if (run !== null && event.key === 'Enter' && event.target === rows[at]) {
      event.preventDefault();
      this.did('reveal', run);
    }
  }

  private choose(run: string): void {
    this.current = run;
    this.rove();
    this.actions.focused(run);
  }

  private rove(): void {
    this.rows().forEach((row) =>
      setAttr(row, 'tabindex', row.getAttribute('data-run') === this.current ? 0 : -1)
    );
  }

  private rows(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>('.dvl-run')];
  }
}

/** Removes what is not there any more. */
function keepOnly<T>(map: Map<string, T>, keys: ReadonlySet<string>, remove: (gone: T) => void): void {
  for (const [key, one] of map) {
    if (!keys.has(key)) {
      remove(one);
      map.delete(key);
    }
  }
}

/** Makes `children` the children, moving only those that are not in their place: a moved element loses the focus. */
function place(parent: HTMLElement, children: readonly HTMLElement[]): void {
  children.forEach((child, i) => {
    const there = parent.children.item(i);
    if (there !== child) {
      parent.insertBefore(child, there);
    }
  });
}
