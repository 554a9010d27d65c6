/** The test point that was chosen: what it is, what was predicted, and how many training points help and hurt it. */

import { drawPixels, h, setAttr, setText, show } from '../../dom';
import { idOf, isRelabelled, type Points } from '../../points';
import type { Preview } from '../../source';
import { DISAGREEMENT, labelWord, originalWord, P_LABEL, predictedWord } from '../points';
import {
  cameAs,
  disagreed,
  imageOfTest,
  predictionOf,
  predictionOfNumber,
  Say,
  sides,
  testPoint,
  withLoss,
} from '../words';
import type { OfTest } from '../wire';

export interface SubjectData {
  points: Points;
  row: number;
  preview: Preview | undefined;
  answer: OfTest | null;
  /** Whether its numbers are still those of another label. */
  waits: boolean;
}

export function createSubject() {
  const canvas = h('canvas', { class: 'subject-picture', role: 'img' });
  const name = h('span', { 'data-testid': 'subject-name' });
  const was = h('span', { class: 'subject-was', 'data-testid': 'subject-was' });
  const said = h('p', { 'data-testid': 'subject-said' });
  const sums = h('p', { class: 'muted', 'data-testid': 'subject-sums' });
  const doubt = h('p', { 'data-testid': 'subject-doubt' });
  const text = h('div', { class: 'subject-text' });
  const element = h(
    'section',
    { class: 'subject', 'data-testid': 'subject' },
    canvas,
    h('div', { class: 'subject-words' }, h('h3', {}, name, was), said, sums, doubt),
    text
  );
  let drawn: Preview | undefined;

  function update(data: SubjectData | null): void {
    show(element, data !== null);
    if (data === null) {
      return;
    }
    const { points, row, preview, answer } = data;
    const kind = points.preview;
    show(canvas, kind.kind === 'image' && preview !== undefined);
    show(text, kind.kind === 'text' && preview !== undefined);
    if (typeof preview === 'string') {
      setText(text, preview);
    } else if (preview !== undefined && preview !== drawn && kind.kind === 'image') {
      drawPixels(canvas, preview, kind.width, kind.height);
    }
    drawn = preview;
    setAttr(element, 'data-row', row);
    setAttr(canvas, 'aria-label', imageOfTest(idOf(points, row)));
    setText(name, testPoint(idOf(points, row)));
    show(was, isRelabelled(points, row));
    setText(was, isRelabelled(points, row) ? cameAs(originalWord(points, row)) : '');
    const wrong = points.converged[row] === 0;
    setAttr(said, 'class', wrong ? 'hurts' : '');
    setText(said, verdict(points, row, wrong));
    setText(sums, answer === null ? '' : sides(answer.helps, answer.hurts));
    const share = points.features[DISAGREEMENT]!.values[row]!;
    const against = disagreed(share);
    setText(doubt, data.waits ? Say.anew : (against ?? ''));
    setAttr(doubt, 'class', !data.waits && share > 0.5 ? 'hurts' : 'muted');
    show(doubt, data.waits || against !== null);
  }

  return { element, update };
}

function verdict(points: Points, row: number, wrong: boolean): string {
  const loss = points.value[row]!;
  if (!Number.isFinite(loss)) {
    return Say.nothingPredicted;
  }
  const predicted = predictedWord(points, row);
  const label = labelWord(points, row);
  const p = points.features[P_LABEL]!.values[row]!;
  return withLoss(
    points.label?.kind === 'class'
      ? predictionOf(label, predicted, p, wrong)
      : predictionOfNumber(label, predicted),
    loss
  );
}
