/** The part of a panel that only a live one has: steering, relabelling, sheets, complaints, waiting. */

import STYLE from '../style/live.css';
import { createEditing, type Editing } from './editing';
import type { Grid } from './grid';
import type { Desk } from './intents';
import { setAttr, show } from './dom';
import { passOnSave } from './save_key';
import { ViewKeeper, type Scroller } from './memory';
import { Pace } from './pace';
import type { Part, Sight } from './parts/part';
import type { Points } from './points';
import { Presence } from './presence';
import type { LiveSource } from './source';
import type { UiState } from './state';
import { whyBlank, whySilent, whyUnheard } from './unheard';
import type { Stay, StayActions } from './stay';
import { createControls, type Tips } from './views/controls';
import { createNotice, createWaiting, type Notice } from './views/notice';
import { createRelabel } from './views/relabel';
import { createUndo } from './views/undo';
import { createSheet, keyList, traceback } from './views/sheet';
import { keepWheel } from './wheel';
import { runFailed, Say } from './words';

/** Milliseconds. */
const PREVIEW_DELAY = 50;

export type SetState = (change: (state: UiState) => UiState) => void;

export interface LivePart {
  readonly style: string;
  readonly editing: Editing;
  /** When what is shown is computed anew. */
  readonly pace: Pace;
  readonly controls: HTMLElement;
  readonly takeBack: HTMLElement;
  readonly notice: HTMLElement;
  readonly detail: HTMLElement;
  readonly overlays: readonly HTMLElement[];
  readonly parts: readonly Part[];
  readonly grid: Grid | undefined;
  /** Binds the view to its model for as long as it is on the page. */
  attend(host: HTMLElement, root: HTMLElement, actions: StayActions): Stay;
  /** Whether the key goes on by itself, beyond the panel. */
  passOn(event: KeyboardEvent, host: HTMLElement): boolean;
  /** Watches the view, so that the next one of the same model can go on from it. */
  keep(root: HTMLElement, table: Scroller): ViewKeeper;
  /** Asks for previews in a moment: rows that fly past are not asked for. */
  want(rows: () => readonly number[]): void;
  end(): void;
  /** `targets`: the points that an edit would act on; null while what edits them need not be there yet. */
  update(points: Points | null, state: UiState, targets: readonly number[] | null): void;
  /** After the table was painted. */
  paint(sight: Sight): void;
}

export type MakeLive = (source: LiveSource, desk: Desk, set: SetState) => LivePart;

/** What a panel says in its own words: its keys, and what its buttons do. */
export interface LiveWords {
  readonly keys: readonly (readonly [string, string])[];
  readonly tips: Tips;
}

export function makeLive(
  source: LiveSource,
  desk: Desk,
  set: SetState,
  words: LiveWords,
  parts: readonly Part[] = []
): LivePart {
  const editing = withKeys(createEditing(source, desk), parts);
  const keys = () => [...words.keys, ...parts.flatMap((part) => part.keys ?? [])]; // a part may come later
  const grid = parts.find((part) => part.grid !== undefined)?.grid;
  const closed = (s: UiState): UiState => ({ ...s, help: false, failure: false });
  const controls = createControls(
    {
      control: (verb) => source.control(verb),
      help: () => set((s) => ({ ...closed(s), help: !s.help })),
    },
    words.tips
  );
  const notice = createNotice();
  const relabel = createRelabel(editing);
  const undo = createUndo(editing);
  const sheet = createSheet(() => set(closed));
  const waiting = createWaiting();

  let wanting: ReturnType<typeof setTimeout> | undefined;

  function want(rows: () => readonly number[]): void {
    const kind = source.points?.preview.kind ?? 'none';
    if (kind !== 'none' && wanting === undefined) {
      wanting = setTimeout(() => {
        wanting = undefined;
        source.wantPreviews(rows().filter((row) => row >= 0));
      }, PREVIEW_DELAY);
    }
  }

  function update(points: Points | null, state: UiState, targets: readonly number[] | null): void {
    show(waiting.element, points === null);
    notice.update(noticeOf(source));
    if (points === null) {
      waiting.update(source.title, source.link === 'silent' ? whyBlank(source.kernel) : null, source.page);
      return;
    }
    controls.update(points.status, source.asked ?? points.status.pending);
    if (targets !== null) {
      relabel.update({ points, targets, bulk: state.selected.size > 0, unsaved: source.unsaved });
    }
    undo.update(points.edits);
    const failure = state.failure ? points.status.failure : null;
    if (failure !== null) {
      sheet.update(Say.firstFailure, () => traceback(failure));
    } else {
      sheet.update(state.help ? Say.keys : '', () => keyList(keys()));
    }
    setAttr(controls.element, 'data-state', points.status.state);
  }

  undo.element.append(...parts.flatMap((part) => part.takeBack ?? []));
  controls.element.prepend(...parts.flatMap((part) => part.tools ?? []));

  return {
    style: STYLE + parts.map((part) => part.style ?? '').join(''),
    editing,
    pace: new Pace(grid?.more),
    controls: controls.element,
    takeBack: undo.element,
    notice: notice.element,
    detail: relabel.element,
    overlays: [...parts.flatMap((part) => part.overlays ?? []), sheet.element, waiting.element],
    parts,
    grid,
    paint: (sight) => parts.forEach((part) => part.paint?.(sight)),
    attend(host, root, actions) {
      root.addEventListener('wheel', keepWheel, { passive: true });
      return new Presence(host, root, actions);
    },
    passOn: passOnSave,
    keep: (root, table) => new ViewKeeper(source, root, table),
    want,
    end: () => {
      clearTimeout(wanting);
      parts.forEach((part) => part.end?.());
    },
    update,
  };
}

/** A key is a part's before it is an edit's. */
export function withKeys(editing: Editing, parts: readonly Part[]): Editing {
  return {
    ...editing,
    press(event) {
      const target = event.composedPath()[0] as Element;
      if (parts.some((part) => part.press?.(event, target) === true)) {
        event.preventDefault();
      } else {
        editing.press(event);
      }
    },
  };
}

function noticeOf(source: LiveSource): Notice | null {
  if (source.problem !== null) {
    return { tone: 'error', words: source.problem, dismiss: () => source.dismiss() };
  }
  const error = source.points?.status.error ?? null;
  if (error !== null) {
    return { tone: 'error', words: runFailed(error), dismiss: null };
  }
  if (source.link === 'silent' && source.points !== null) {
    return { tone: 'warning', words: whySilent(source.kernel), dismiss: null };
  }
  if (source.unheard !== null) {
    const running = source.points?.status.state === 'running';
    return { tone: 'warning', words: whyUnheard(source.unheard, source.kernel, running), dismiss: null };
  }
  return null;
}
