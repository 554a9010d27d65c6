/** Pictures of the values: in order, on a map, by class; and every chart of the overview as a file. */

import { named } from '../format';
import { h, setText, show } from '../dom';
import { idOf } from '../points';
import { array, list, text, words } from '../read';
import { filter, focusOn, toggleRow } from '../state';
import STYLE from '../../style/parts/pictures.css';
import { createFetching } from './columns/fetching';
import { classesOf, withClasses } from './filters/model';
import { isFruitless } from './fruitless';
import { guarded } from './guarded';
import type { Hub, Part, PartMessage, Sight } from './part';
import { createBefore } from './pictures/before';
import { createClassesView } from './pictures/classes_view';
import { createCurveView } from './pictures/curve_view';
import { createLarge } from './pictures/large';
import { createLooks, type Deeds } from './pictures/look';
import { createMapView, type Given } from './pictures/map_view';
import { createSave } from './pictures/save';
import { createTabs, TABS, type Tab } from './pictures/tabs';
import { WORDS } from './pictures/words';

const NAME = 'pictures';
/** Features in a list of choices. */
const MOST_OFFERED = 500;

export function makePictures({ source, desk, set }: Hub): Part {
  let sight: Sight | null = null;
  let tab: Tab = 'curve';
  let map: Given = null;
  let asked = false;
  const features = createFetching(source, 'numbers', () => paint());
  const look = createLooks();
  const large = createLarge(paint);

  const deeds: Deeds = {
    focus(row) {
      set((s) => focusOn(s, row));
      desk.reveal(row);
    },
    toggle: (row) => set((s) => toggleRow(s, row)),
    select: (rows, add) => set((s) => ({ ...s, selected: new Set(add ? [...s.selected, ...rows] : rows) })),
    describe,
    offered: () => features.offered().slice(0, MOST_OFFERED),
    want: features.want,
  };
  const curve = createCurveView(deeds);
  const plane = createMapView(deeds);
  const classes = createClassesView((names) =>
    set((s) =>
      source.points === null ? s : filter(s, withClasses(s.filters, 'label', names, source.points))
    )
  );
  const before = createBefore();
  const band = h('span');
  const drag = h('span', { class: 'drag', 'data-no-export': true }, WORDS.drag);
  const note = h('p', { class: 'muted' }, band, drag);
  const views: Record<Tab, HTMLElement> = {
    curve: h('div', { class: 'picture' }, curve.element, note),
    map: plane.element,
    classes: classes.element,
  };

  const tabs = createTabs(open);
  const stage = h('div', { class: 'picture-stage', role: 'tabpanel' }, ...TABS.map((one) => views[one]));
  const marks = (canvas: HTMLCanvasElement) => (canvas === curve.plot.canvas ? curve : plane).plot.marks();
  const saver = (name: string | (() => string), target: () => HTMLElement | null) =>
    createSave(name, target, marks, (sentence) => source.complain(sentence));
  const tools = h(
    'span',
    { class: 'picture-tools' },
    large.button,
    saver(
      () => tab,
      () => views[tab]
    )
  );
  const body = h(
    'div',
    { class: 'pictures' },
    h('h3', { 'data-no-export': true }, h('span', {}, WORDS.title), tools),
    tabs.element,
    stage
  );
  const { card, over } = large;
  large.hold(body);

  const stops = [
    source.hear(NAME, hear),
    features.end,
    source.hear('whatif', () => setTimeout(beside)), // it draws its chart first
  ];
  const unsaved = new Map([
    ['histogram', { name: 'values', at: 'h3' }],
    ['certainty-chart', { name: 'certainty', at: 'h3' }],
    ['whatif-chart', { name: 'what-if', at: '.button-row' }],
    ['threshold-chart', { name: 'quantiles', at: 'h3' }],
    ['effects-same', { name: 'influences', at: 'h3' }],
  ]);
  const observers: { disconnect(): void }[] = [];
  open('curve');

  function describe(row: number): string {
    const { points } = sight!;
    const { label } = points;
    const name = label?.kind === 'class' ? named(label.classes[label.codes[row]!]!) : '';
    return WORDS.point(idOf(points, row), name, points.value[row]!, points.stderr[row]!);
  }

  function open(one: Tab): void {
    tab = one;
    if (map === null || typeof map === 'string') {
      [map, asked] = [null, false]; // a map that failed, or went astray, is asked for again
    }
    TABS.forEach((other) => show(views[other], other === tab));
    tabs.update(tab);
    paint();
  }

  function measure(): void {
    curve.plot.measure();
    plane.plot.measure();
  }

  function paint(): void {
    if (sight === null) {
      return;
    }
    large.cover();
    if (typeof ResizeObserver === 'undefined') {
      measure();
    }
    const theme = card.closest('.panel')?.getAttribute('data-theme') ?? '';
    const now = look(sight, large.isLarge());
    if (tab === 'curve') {
      curve.update(now, theme);
      const said = curve.note();
      setText(band, said);
      show(drag, said !== WORDS.none);
    } else if (tab === 'map') {
      if (!asked && plane.wantsMap()) {
        asked = true;
        source.ask(NAME, { do: 'map' });
      }
      plane.update(now, map, theme);
    } else {
      const { filters } = sight.state;
      classes.update(now, classesOf(filters, 'label', sight.points), theme);
    }
  }

  function hear(message: PartMessage): void {
    asked ||= message.kind === 'map' || message.kind === 'refused';
    guarded(source, () => {
      map =
        message.kind === 'map'
          ? read(message)
          : message.kind === 'refused'
            ? text(message.body, 'words')
            : map;
      paint();
    });
  }

  /** The values before stand behind those now; the other charts can be saved, too, each once it is there. */
  function beside(): void {
    const panel = card.closest('.panel') ?? over.closest('.panel');
    if (panel !== null && sight !== null) {
      before.update(panel, sight);
    }
    for (const [id, { name, at }] of unsaved) {
      const chart = panel?.querySelector(`[data-testid="${id}"]`);
      const card = chart?.closest('[hidden]') ? null : chart?.closest<HTMLElement>('.card');
      if (card) {
        unsaved.delete(id);
        card.querySelector(at)?.append(saver(name, () => card));
      }
    }
  }

  /** Once, when the panel stands: sizes and colours are watched. */
  function settle(): void {
    const panel = card.closest('.panel');
    if (panel === null || observers.length > 0) {
      return;
    }
    large.listen(panel);
    const look = new MutationObserver(() => paint());
    look.observe(panel, { attributes: true, attributeFilter: ['data-theme'] });
    observers.push(look);
    if (typeof ResizeObserver !== 'undefined') {
      const sizes = new ResizeObserver(() => {
        measure();
        paint();
      });
      [stage, curve.element, plane.plot.element].forEach((one) => sizes.observe(one));
      observers.push(sizes);
    }
  }

  return {
    overview: [card],
    overlays: [over],
    style: STYLE,
    paint(now) {
      sight = now;
      show(card, !isFruitless(now.points));
      settle();
      beside();
      paint();
    },
    end() {
      stops.forEach((stop) => stop());
      observers.forEach((one) => one.disconnect());
    },
  };
}

function read({ body, buffers }: PartMessage): Given {
  const [across, upwards] = list(body, 'axes').map((name) => words(name, 'the name of an axis'));
  return {
    name: text(body, 'name'),
    axes: [across ?? '', upwards ?? ''],
    words: text(body, 'words'),
    x: array(body.x, 'f4', buffers, null, 'x'),
    y: array(body.y, 'f4', buffers, null, 'y'),
  };
}
