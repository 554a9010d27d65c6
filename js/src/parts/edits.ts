/** Flags, comments, labels by their names, accepted suggestions, and the history of all edits. */

import { h, setText } from '../dom';
import { isChord } from '../keys';
import { idOf, isFlagged, noteOf, type Points } from '../points';
import { focusOn, targets } from '../state';
import type { LabelChoice } from '../wire';
import STYLE from '../../style/parts/edits.css';
import { suggestedFor, type Taken } from './edits/accept';
import { createDetail } from './edits/detail';
import { draftOf, keepDraft, shownBy } from './edits/draft';
import { putMarks, readMarks } from './edits/marks';
import { createPrompt } from './edits/prompt';
import { createSheet } from './edits/sheet';
import { createSuggestions } from './edits/suggestions';
import { KEYS, Say, WORDS } from './edits/words';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage, PartSource, Sight } from './part';

/** Whose edits these are: the name of the part in Python, what a point is called, the heading of the history. */
export interface Whose {
  readonly name: string;
  readonly what: string;
  readonly history: string;
  /** What is kept of a point with its edits. */
  readonly worth: string;
}

const OWN: Whose = { name: 'edits', what: 'point', history: Say.historyTitle, worth: Say.worth };

/** So many of the points that a comment or a label is for are named. */
const MOST_NAMED = 5;

/** What is asked of a source: a panel with two logs has one for each. */
type EditSource = Pick<PartSource, 'points' | 'editBy' | 'ask' | 'hear' | 'complain' | 'tell' | 'subscribe'>;

export function makeEdits(hub: Hub): Part;
export function makeEdits(hub: Omit<Hub, 'source'> & { readonly source: EditSource }, whose: Whose): Part;
export function makeEdits(
  { source, desk, set }: Omit<Hub, 'source'> & { readonly source: EditSource },
  { name, what, history, worth }: Whose = OWN
): Part {
  let marks: PartMessage | null = null;
  const rows = (): number[] => targets(desk.state());

  const change = (t: string, body: Readonly<Record<string, unknown>>): void => source.editBy({ ...body, t });
  const prompt = createPrompt(
    {
      note: (note) => change('note', { rows: asked, note }),
      label: (choice: LabelChoice, why) => change('relabel', { rows: asked, ...choice, why }),
      written: (text) => keepDraft(place(), asked, text),
    },
    name
  );
  let asked: readonly number[] = [];
  let fresh = true;
  const detail = createDetail({ flag, note: () => ask('note'), accept });
  const suggestions = createSuggestions((taken, sure) => takeUp(taken, WORDS.why(sure)));
  const sheet = createSheet(history, {
    worth,
    ask: (body) => source.ask(name, body),
    backTo: (number) => change('undo', { back_to: number }),
    focus(row) {
      set((s) => focusOn(s, row));
      desk.reveal(row);
    },
    complain: (sentence) => source.complain(sentence),
    points: () => source.points,
  });
  const also = h('span', { class: 'muted edits-also', 'data-testid': 'edits-also' });

  function flag(): void {
    const { points } = source;
    const some = rows();
    if (points !== null && some.length > 0) {
      change('flag', { rows: some, flagged: !some.every((row) => isFlagged(points, row)) });
    }
  }

  function accept(): void {
    if (source.points !== null) {
      takeUp(suggestedFor(source.points, rows()), Say.whyOne);
    }
  }

  function takeUp({ rows: some, codes }: Taken, why: string): void {
    if (some.length > 0) {
      change('accept', { rows: some, codes, why });
    }
  }

  /** The log's, and that of the data: a position means another point in others, which a log may be of as well. */
  const place = (): string => `dvl${JSON.stringify([source.points?.edits.path, marks?.body.data])}`;

  /** What was being written when the page was left is not lost. */
  function takeUpDraft({ n }: Points): void {
    const draft = draftOf(place(), n);
    if (draft !== null && !shownBy.get(place())?.element.isConnected) {
      const [some, text] = draft;
      if (some.length === 1) {
        set((s) => focusOn(s, some[0]!));
        if (document.activeElement === document.body) {
          desk.reveal(some[0]!); // which takes the keys, but not from who writes elsewhere by now
        }
      }
      ask('note', some, text);
    }
  }

  function ask(kind: 'note' | 'label', of: readonly number[] = rows(), written?: string): void {
    const { points } = source;
    if (points === null || of.length === 0 || (kind === 'label' && points.label === null)) {
      return;
    }
    if (kind === 'note' && String(of) === String(asked) && prompt.resume()) {
      return;
    }
    shownBy.get(place())?.leave();
    prompt.leave();
    asked = of;
    shownBy.set(place(), prompt);
    const { label } = points;
    const classes = label?.kind === 'class' ? label.classes : [];
    const asks = kind === 'label' && label?.kind === 'number' ? 'number' : kind;
    const note = noteOf(points, of[0]!);
    const present = kind === 'note' && of.every((row) => noteOf(points, row) === note) ? note : '';
    const ids = of.slice(0, MOST_NAMED).map((row) => idOf(points, row));
    prompt.open({ title: WORDS.prompt(asks, of.length, what, ids), kind: asks, present, classes }, written);
  }

  function hear(message: PartMessage): void {
    guarded(source, () => {
      if (message.kind === 'marks') {
        marks = message;
        keep(true);
      } else {
        sheet.hear(message);
      }
    });
  }

  /** `fresh`: the marks are newer than those of the points; otherwise they wait for points that have none. */
  function keep(fresh: boolean): void {
    const { points } = source;
    const had = points === null ? undefined : kept.get(points.extra);
    if (points !== null && marks !== null && had !== marks && (fresh || had === undefined)) {
      kept.set(points.extra, marks);
      putMarks(points, readMarks(marks));
      source.tell('edits');
    }
  }

  const deeds: Readonly<Record<string, () => void>> = {
    f: flag,
    c: () => ask('note'),
    l: () => ask('label'),
    a: accept,
    h: sheet.toggle,
  };
  const stop = source.hear(name, hear);
  const end = source.subscribe(() => guarded(source, () => keep(false)));

  return {
    overview: [suggestions.element],
    takeBack: [sheet.button, also],
    detail: [detail.element],
    overlays: [sheet.element, prompt.element],
    style: STYLE,
    keys: KEYS,
    press(event) {
      const deed = !isChord(event) && Object.hasOwn(deeds, event.key) ? deeds[event.key] : undefined;
      deed?.();
      return deed !== undefined;
    },
    paint({ points, state, focus }: Sight) {
      detail.update(points, state.selected, focus);
      suggestions.update(points, state.selected);
      setText(also, WORDS.also(points.edits.flagged ?? 0, points.edits.noted ?? 0));
      if (fresh && marks !== null) {
        fresh = false; // now it is known of which data the points are
        takeUpDraft(points);
      }
      sheet.paint(points);
    },
    end() {
      stop();
      end();
    },
  };
}

/** Two views of one model have the same points: the marks are put there once. */
const kept = new WeakMap<Points['extra'], PartMessage>();
