/** Below the point in focus: the training points nearest to it, and the test points that it hurts most. */

import { h, setAttr, setText, show } from '../dom';
import { plain, named } from '../format';
import { idOf, type Points } from '../points';
import { focusOn } from '../state';
import STYLE from '../../style/parts/around.css';
import { readAround, type Around } from './around/read';
import { createThumbs, type Caption } from './around/thumbs';
import { WORDS, worthOf } from './around/words';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage, Sight } from './part';

/** A point that the focus rests on for so long (ms) is asked about; after an edit it takes longer. */
const REST = 150;
const AFTER_EDIT = 600;

export function makeAround({ source, desk }: Hub): Part {
  const near = createThumbs('around-near', (row) => {
    desk.set(focusOn(desk.state(), row));
    desk.reveal(row);
  });
  const hurt = createThumbs('around-hurt', null);
  const others = h('span', { class: 'muted', 'data-testid': 'around-others' });
  const nearCard = h(
    'section',
    { class: 'card around', 'data-testid': 'around' },
    h('h3', { title: WORDS.nearTip }, WORDS.near, others),
    near.element
  );
  const hurtTitle = h('h3', {}, WORDS.hurts);
  const said = h('p', { class: 'muted', 'data-testid': 'around-said' });
  const rank = h('p', { class: 'muted', 'data-testid': 'around-rank' });
  const why = h('p', { class: 'muted', 'data-testid': 'around-why' });
  const hurtCard = h('section', { class: 'card around' }, hurtTitle, hurt.element, said, rank, why);
  let known: Around | null = null;
  let sight: Sight | null = null;
  let asked: readonly unknown[] = [];
  let resting: ReturnType<typeof setTimeout> | undefined;

  function hear(message: PartMessage): void {
    guarded(source, () => {
      if (message.kind === 'point') {
        known = readAround(message);
        draw();
      }
    });
  }

  /** Not while its column is closed, and once for each point and each edit. */
  function wish({ focus, points, state }: Sight): void {
    const open = state.drawer === 'point' || nearCard.closest<HTMLElement>('.panel')?.dataset.room === 'wide';
    const now = [focus, points.edits];
    if (focus < 0 || !open || now.every((part, i) => part === asked[i])) {
      return;
    }
    const edited = focus === asked[0];
    asked = now;
    clearTimeout(resting);
    resting = setTimeout(
      () => source.ask(WORDS.name, { do: 'look', row: focus }),
      edited ? AFTER_EDIT : REST
    );
  }

  function draw(): void {
    if (sight === null) {
      return;
    }
    const { points, focus } = sight;
    const told = known !== null && known.row < points.n ? known : null;
    const { near: found = null, why: reason = '' } = told ?? {};
    // nothing of a point without others; a reason where distances cannot be
    show(nearCard, focus >= 0 && (found === null ? reason !== '' : found.rows.length > 0));
    show(near.element, found !== null);
    show(hurtCard, focus >= 0 && told?.near != null && (told.effects !== null || told.why !== ''));
    for (const card of [nearCard, hurtCard]) {
      card.classList.toggle('stale', told?.row !== focus); // it keeps its place, so that nothing jumps
    }
    if (told?.near == null || told.row !== focus) {
      if (found === null) {
        setText(others, reason);
      }
      return;
    }
    const own = labelOf(points, focus);
    const labels = told.near.rows.map((row) => labelOf(points, row));
    const different = labels.filter((label) => label !== own).length;
    const classes = points.label?.kind === 'class';
    setText(others, classes ? WORDS.others(different, labels.length) : '');
    near.update(
      told.near,
      told.near.rows.map((row, i): Caption => {
        const id = idOf(points, row);
        const label = labels[i]!;
        const tone = classes && label !== own ? 'other' : '';
        return { id, below: label, tone, title: WORDS.go(id, label) };
      })
    );
    drawEffects(told);
  }

  function drawEffects({ effects, why: reason }: Around): void {
    for (const element of [hurtTitle, said, rank]) {
      show(element, effects !== null);
    }
    show(hurt.element, effects !== null && effects.rows.length > 0);
    show(why, effects === null);
    setText(why, reason);
    if (effects === null) {
      return;
    }
    setAttr(hurtTitle, 'title', WORDS.hurtsTip(effects));
    show(rank, !effects.own);
    setText(said, effects.rows.length === 0 ? WORDS.none(effects) : WORDS.said(effects));
    setText(rank, WORDS.rank(effects));
    setAttr(rank, 'title', WORDS.rankTip(effects));
    hurt.update(
      effects,
      effects.worth.map((worth, i): Caption => {
        const [id, label] = [effects.ids[i]!, effects.labels[i]!];
        return { id, below: worthOf(worth), tone: 'hurts', title: WORDS.one(id, label, worth) };
      })
    );
  }

  show(nearCard, false);
  show(hurtCard, false);
  const stop = source.hear(WORDS.name, hear);

  return {
    detail: [nearCard, hurtCard],
    style: STYLE,
    paint(now) {
      sight = now;
      wish(now);
      draw();
    },
    end() {
      stop();
      clearTimeout(resting);
    },
  };
}

function labelOf({ label }: Points, row: number): string {
  if (label === null) {
    return '';
  }
  return label.kind === 'class' ? named(label.classes[label.codes[row]!]!) : plain(label.values[row]!, 6);
}
