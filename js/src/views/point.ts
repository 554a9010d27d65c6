/** The point in focus: what it is, and what is known of its value. */

import type { Ranks } from '../columns';
import { drawPixels, h, setAttr, setText, show } from '../dom';
import { count, plain, many, named, error, UNKNOWN, value } from '../format';
import { LIVE } from '../here';
import { idOf, isLeftOut, isOver, isRelabelled, valueName, type Points } from '../points';
import type { Preview } from '../source';
import { imageOf, ofAll, Say, shownWords } from '../words';

export interface PointData {
  points: Points;
  ranks: Ranks;
  row: number;
  /** Place in the table as it is sorted and filtered, from 0; -1 when it is filtered out. */
  place: number;
  shown: number;
  preview: Preview | undefined;
}

/** How many features are listed; the table shows the others. */
export const FEATURES = 8;

/** `numbersOf`: what is said of a point's value; `more` stands above it. */
export function createPoint(
  numbersOf: (data: PointData) => Fact[] = valueFacts,
  more: HTMLElement | null = null
) {
  const canvas = h('canvas', { class: 'large', role: 'img', 'data-testid': 'point-preview' });
  const text = h('div', {
    class: 'point-text',
    tabindex: 0,
    role: 'region',
    'aria-label': Say.textOfPoint,
  });
  const name = h('h3', { 'data-testid': 'point-name' });
  const identity = h('dl', { class: 'facts' });
  const numbers = h('dl', { class: 'facts' });
  const features = h('dl', { class: 'facts' });
  const element = h(
    'section',
    { class: 'card point', 'data-testid': 'point-facts' },
    canvas,
    h('div', { class: 'point-title' }, name, identity),
    text,
    more,
    numbers,
    features
  );
  let drawn: Preview | undefined;

  function update(data: PointData | null): void {
    for (const facts of [identity, numbers, features]) {
      show(facts, data !== null);
    }
    setAttr(element, 'data-row', data?.row);
    if (data === null) {
      setText(name, Say.noFocus);
      show(canvas, false);
      show(text, false);
      return;
    }
    const { points, row, place, shown } = data;
    setText(name, `${Say.pointName} ${place < 0 ? idOf(points, row) : shownWords(place + 1, shown)}`);
    draw(data);
    list(identity, identityOf(data));
    list(numbers, numbersOf(data));
    list(features, featuresOf(data));
  }

  function draw({ points, row, preview }: PointData): void {
    const { preview: kind } = points;
    show(canvas, kind.kind === 'image' && preview !== undefined);
    show(text, kind.kind === 'text' && preview !== undefined);
    if (typeof preview === 'string') {
      setText(text, preview);
    } else if (preview !== undefined && preview !== drawn && kind.kind === 'image') {
      drawPixels(canvas, preview, kind.width, kind.height);
    }
    drawn = preview;
    setAttr(canvas, 'aria-label', imageOf(idOf(points, row)));
  }

  return { element, update };
}

export type Fact = readonly [term: string, words: string, tone: string];

function list(element: HTMLElement, facts: readonly Fact[]): void {
  while (element.children.length > 2 * facts.length) {
    element.lastElementChild?.remove();
  }
  facts.forEach(([term, words, tone], i) => {
    const dt = element.children[2 * i] ?? element.appendChild(h('dt'));
    const dd = element.children[2 * i + 1] ?? element.appendChild(h('dd'));
    setText(dt, term);
    setText(dd, words);
    setAttr(dd, 'class', tone);
  });
}

function identityOf({ points, row }: PointData): Fact[] {
  const facts: Fact[] = [[points.ids === null ? Say.position : Say.id, idOf(points, row), '']];
  const { label } = points;
  if (label !== null) {
    const show = (which: ArrayLike<number>): string =>
      label.kind === 'class' ? named(label.classes[which[row]!]!) : plain(which[row]!, 6);
    const now = show(label.kind === 'class' ? label.codes : label.values);
    const was = isRelabelled(points, row) ? `${show(label.original)} → ` : '';
    facts.push([label.kind === 'class' ? Say.label : Say.target, was + now, was === '' ? '' : 'accent']);
  }
  if (points.dropped[row] === 1) {
    facts.push([Say.dropped, Say.notInDataset, '']);
  }
  const mark = points.marks?.get(row);
  if (mark !== undefined) {
    facts.push([Say.marked, mark, '']);
  }
  return facts;
}

function valueFacts({ points, ranks, row }: PointData): Fact[] {
  const x = points.value[row]!;
  const se = points.stderr[row]!;
  const { certainty, threshold, unit_of_value: unit } = points.status;
  const tone = threshold === null || !Number.isFinite(x) ? '' : x < threshold ? 'hurts' : 'helps';
  const rank = ranks.rank[row]!;
  const updates = points.count[row]!;
  const spread = se > 0 ? ` ± ${error(se)}` : '';
  const known = Number.isFinite(x) ? `${value(x, se)}${spread} ${unit}`.trim() : whyNone(points, row);
  const facts: Fact[] = [
    [valueName(points), known, tone],
    [Say.rank, rank === 0 ? UNKNOWN : ofAll(rank, ranks.known), ''],
  ];
  // a value that was not averaged has none, and where it is exact they say nothing
  if ((updates > 0 && certainty !== 1) || !(Number.isFinite(x) || (LIVE && isLeftOut(points, row)))) {
    facts.push([Say.updates, `${count(updates)}${points.converged[row] === 1 ? Say.converged : ''}`, '']);
  }
  return facts;
}

/** Why a point has no value. */
function whyNone(points: Points, row: number): string {
  return LIVE && isLeftOut(points, row)
    ? Say.leftOut
    : LIVE && !isOver(points.status)
      ? Say.notYet
      : Say.unknown;
}

function featuresOf({ points, row }: PointData): Fact[] {
  const facts = points.features
    .slice(0, FEATURES)
    .map((feature): Fact => [feature.name, plain(feature.values[row]!), '']);
  const more = points.features.length - FEATURES + points.featuresLeftOut;
  if (more > 0 && facts.length > 0) {
    facts.push(['…', many(more, Say.moreFeature), 'muted']);
  }
  return facts;
}
