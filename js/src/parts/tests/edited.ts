/** The edits of test points: the panel's own commands, keys and views, with the log of the test points behind them. */

import { h, setAttr, setText, show } from '../../dom';
import type { Points } from '../../points';
import type { Change } from '../../source';
import { clearSelection, focusOn, INITIAL, selectTo, targets, toggleRow, type UiState } from '../../state';
import { createEditing } from '../../editing';
import { createKeys } from '../../intents';
import { withKeys } from '../../live';
import { createRelabel } from '../../views/relabel';
import { createUndo } from '../../views/undo';
import { makeEdits } from '../edits';
import type { Hub, Part } from '../part';
import { rename } from '../rename';
import { WORDS } from './words';

export interface Chosen {
  /** What is known of the test points; null before they were looked at. */
  points(): Points | null;
  /** Positions of those that are listed. */
  order(): Uint32Array;
  reveal(row: number): void;
  paint(): void;
  /** Other points are selected than before. */
  selected(rows: readonly number[]): void;
}

export function createEdited({ source, desk }: Hub, chosen: Chosen) {
  let state: UiState = INITIAL;
  const listeners = new Set<(change: Change) => void>();
  const edit = (command: Readonly<Record<string, unknown>>): void => {
    source.ask(WORDS.name, { do: 'edit', edit: command });
  };
  const theirs = {
    get points() {
      return chosen.points();
    },
    relabel: (rows: readonly number[], choice: object) => edit({ ...choice, t: 'relabel', rows: [...rows] }),
    drop: () => undefined, // a test set without the points that are hard for the model would flatter it
    undo: () => edit({ t: 'undo' }),
    redo: () => edit({ t: 'redo' }),
    editBy: edit,
    ask: (part: string, body: Readonly<Record<string, unknown>>) => source.ask(part, body),
    hear: source.hear.bind(source),
    complain: source.complain.bind(source),
    tell: () => chosen.paint(),
    subscribe(listener: (change: Change) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const theirDesk = {
    state: () => ({ ...state, help: desk.state().help }),
    order: () => chosen.order(),
    /** The list of keys is the panel's. What is not listed is not in focus: nobody should edit what they do not see. */
    set(now: UiState) {
      const { selected, focus } = state;
      state = chosen.order().includes(now.focus) ? now : { ...now, focus };
      if (now.help !== desk.state().help) {
        desk.set({ ...desk.state(), help: now.help });
      }
      if (now.selected !== selected) {
        chosen.selected(targets({ ...now, focus: -1 }));
      }
      chosen.paint();
    },
    page: () => 4,
    reveal: (row: number) => chosen.reveal(row),
  };
  const marks = makeEdits(
    { source: theirs, desk: theirDesk, set: (change) => theirDesk.set(change(state)) },
    WORDS
  );
  const editing = withKeys(createEditing(theirs, theirDesk), [marks]);
  const relabel = createRelabel(editing);
  const undo = createUndo(editing);
  undo.element.append(...(marks.takeBack ?? []));
  const name = h('span');
  const here = h('span', { class: 'keys-here' });
  const said = h('p', { class: 'muted', 'data-testid': 'test-edits-summary' });
  const unmoved = h('p', { 'data-testid': 'test-unmoved' }, WORDS.unmoved);
  const element = h(
    'div',
    { class: 'doubt-edits' },
    h('h3', {}, name, here),
    relabel.element,
    ...(marks.detail ?? []),
    said,
    undo.element,
    unmoved
  );
  const pressed = createKeys(theirDesk, editing);
  const overlays = marks.overlays ?? [];
  const apart = (): void => [element, ...overlays].forEach(rename);
  apart();

  return {
    element,
    overlays,
    get state() {
      return state;
    },
    /** What the mouse does, as in the table. */
    picks: {
      focus: (row: number) => theirDesk.set(focusOn(state, row)),
      toggle: (row: number) => theirDesk.set(toggleRow(state, row)),
      extend(row: number) {
        theirDesk.set(selectTo(state, row, chosen.order()));
        chosen.reveal(row);
      },
    },
    clear: () => theirDesk.set(clearSelection(state)),
    /** Somebody else has selected them, or what is listed is new: nobody need hear of it. */
    adopt(rows: Iterable<number>) {
      const listed = new Set(chosen.order());
      state = { ...state, selected: new Set([...rows].filter((row) => listed.has(row))) };
      if (!listed.has(state.focus)) {
        const [row = -1] = listed;
        state = focusOn(state, row);
      }
    },
    /** New points came: the marks are put into them. */
    renew: () => listeners.forEach((listener) => listener('values')),
    /** Escape stays the panel's, unless points are selected here. */
    press(event: KeyboardEvent, list: Element): void {
      if ((event.key !== 'Escape' || state.selected.size > 0) && state.focus >= 0) {
        pressed(event, list);
      }
    },
    update(points: Points, id: string): void {
      const { edits } = points;
      show(element, state.focus >= 0);
      const { size } = state.selected;
      setText(here, WORDS.here(size));
      setText(name, size > 0 ? WORDS.these(size) : WORDS.point(id));
      relabel.update({ points, targets: targets(state), bulk: size > 0, unsaved: 0 });
      undo.update(edits);
      setText(said, WORDS.edits(edits));
      setAttr(said, 'title', edits.path === '' ? null : WORDS.kept(edits.path));
      show(unmoved, edits.relabelled > 0);
      marks.paint?.({ points, state, focus: state.focus } as Parameters<NonNullable<Part['paint']>>[0]);
      apart();
    },
    end: () => marks.end?.(),
  };
}
