/** The card that asks whether to drop the lowest: refits in Python, drawn as they come. */

import { h, setAttr, setText, show } from '../dom';
import { integer, textOrNull } from '../read';
import STYLE from '../../style/parts/whatif.css';
import { isFruitless } from './fruitless';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage } from './part';
import { createChart } from './whatif/chart';
import { readCurve, type Curve, type MetricCurve } from './whatif/read';
import { WORDS } from './whatif/words';

const NAME = 'whatif';

export function makeWhatIf({ source }: Hub): Part {
  let about = { possible: false, model: '', why: '' };
  let curve: Curve | null = null;
  let chosen = '';
  let turn = 0;
  let offered = '';

  const metrics = h('select', {
    class: 'field whatif-metric',
    'aria-label': WORDS.metric,
    'data-testid': 'whatif-metric',
    onchange: () => {
      chosen = metrics.value;
      paint();
    },
  });
  const begin = h('button', {
    class: 'button small',
    title: WORDS.whatTip,
    'data-testid': 'whatif',
    onclick: () => source.ask(NAME, { do: 'run' }),
  });
  const cancel = h(
    'button',
    {
      class: 'button small',
      'data-testid': 'whatif-cancel',
      onclick: () => source.ask(NAME, { do: 'cancel' }),
    },
    WORDS.cancel
  );
  const progress = h('p', { class: 'muted', 'data-testid': 'whatif-progress' });
  const said = h('div', { class: 'whatif-words', role: 'status', 'data-testid': 'whatif-words' });
  const chart = createChart();
  const element = h(
    'section',
    { class: 'card', 'data-testid': 'whatif-card' },
    h('h3', { title: WORDS.titleTip }, h('span', {}, WORDS.title), metrics),
    chart.element,
    said,
    progress,
    h('div', { class: 'button-row', 'data-no-export': true }, begin, cancel)
  );
  const stops = [
    source.hear(NAME, take),
    source.hear('again', ({ body }) =>
      guarded(source, () => (turn = body.turn === undefined ? turn : integer(body, 'turn')))
    ),
  ];

  function take({ kind, body }: PartMessage): void {
    guarded(source, () => {
      if (kind === 'about') {
        about = {
          possible: body.possible === true,
          model: textOrNull(body, 'model') ?? '',
          why: textOrNull(body, 'why') ?? '',
        };
      } else if (kind === 'curve') {
        const came = readCurve(body);
        curve =
          came.state === 'failed' && curve !== null ? { ...curve, state: 'failed', why: came.why } : came;
      }
      paint();
    });
  }

  function paint(): void {
    const running = curve?.state === 'running';
    const metric = curve?.metrics.find(({ name }) => name === chosen) ?? curve?.metrics[0] ?? null;
    offer(curve?.metrics ?? []);
    show(metrics, (curve?.metrics.length ?? 0) > 1);
    show(chart.element, metric !== null);
    show(begin, about.possible && !running);
    setText(begin, metric === null ? WORDS.what : WORDS.again);
    show(cancel, running);
    show(progress, curve !== null && curve.state !== 'done' && curve.state !== 'failed');
    setAttr(element, 'data-state', curve?.state ?? 'none');
    if (curve !== null) {
      setText(
        progress,
        curve.total === 0 ? WORDS.begins : (running ? '' : WORDS.cancelled) + WORDS.progress(curve)
      );
      if (metric !== null) {
        chart.update(curve, metric);
      }
    }
    say(metric);
  }

  function offer(of: readonly MetricCurve[]): void {
    const names = of.map(({ name }) => name);
    if (offered !== names.join('\n')) {
      offered = names.join('\n');
      metrics.replaceChildren(...names.map((name) => h('option', { value: name }, name)));
      metrics.value = names.includes(chosen) ? chosen : (names[0] ?? '');
    }
  }

  function say(metric: MetricCurve | null): void {
    const sentences =
      curve === null || metric === null
        ? [curve?.why || (about.possible ? WORDS.first(about.model) : about.why)]
        : sentencesOf(curve, metric, stale());
    while (said.children.length > sentences.length) {
      said.lastChild!.remove();
    }
    sentences.forEach((sentence, i) => setText(said.children[i] ?? said.appendChild(h('p')), sentence));
    const hopeless = source.points !== null && isFruitless(source.points);
    show(element, !hopeless && (about.possible || sentences.join('') !== ''));
  }

  function stale(): boolean {
    const { points } = source;
    return (
      curve !== null &&
      points !== null &&
      (curve.turn !== turn ||
        curve.at !== points.status.done ||
        (curve.method !== null && curve.method !== points.method))
    );
  }

  return { overview: [element], style: STYLE, paint, end: () => stops.forEach((stop) => stop()) };
}

/** What there is to say of a curve: what it shows, what of that is sure, and what it is worth. Pure. */
export function sentencesOf(curve: Curve, metric: MetricCurve, stale: boolean): string[] {
  const { best, edited } = metric;
  const over = curve.state !== 'running';
  const others = curve.metrics.filter((other) => other !== metric);
  const agrees = ({ lowest }: MetricCurve): boolean =>
    best !== null && lowest.gain[best]! > curve.certain * lowest.gainError[best]!;
  return [
    curve.why,
    stale && over ? WORDS.stale : '',
    best !== null ? WORDS.best(curve, metric, best) : over ? WORDS.noGain(curve.certain) : '',
    best === null
      ? ''
      : WORDS.agree(
          others.filter(agrees).map(({ name }) => name),
          others.filter((other) => !agrees(other)).map(({ name }) => name)
        ),
    edited !== null && Number.isFinite(edited.score[0]) ? WORDS.edits(curve.edits, edited) : '',
    curve.heldOut ? WORDS.heldOut(curve.test) : WORDS.seen(curve.test),
    `${WORDS.all(metric)} ${WORDS.legend(curve.finished)}`,
    curve.failures > 0 ? WORDS.failures(curve.failures) : '',
  ].filter((sentence) => sentence !== '');
}
