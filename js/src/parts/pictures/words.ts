/** What the pictures say. */

import { count, many, plain, value } from '../../format';

export const WORDS = {
  title: 'Pictures',
  tabs: { curve: 'Curve', map: 'Map', classes: 'Classes' },
  tips: {
    curve: 'All values from the lowest to the highest',
    map: 'Where the points are: a projection of their features, or two columns',
    classes: 'The values of each class',
  },
  large: 'Enlarge',
  largeTip: 'Show the picture large, over the table',
  small: 'Close',
  saveTip: 'Save this chart as a picture',
  notSaved: 'The browser could not make the picture.',
  lasso: 'Lasso',
  lassoTip: 'Drag around points to select them; with Shift they are added to the selection',
  box: 'Box',
  boxTip: 'Drag a rectangle over points to select them; with Shift they are added to the selection',
  pca: 'PCA',
  x: 'To the right',
  y: 'Upwards',
  busy: 'The map is being computed …',
  none: 'No value is known.',
  noClasses: 'The points have no classes: their values are not split.',
  others: (n: number) => many(n, 'other class', 'other classes'),
  stderr: 'standard error',
  updates: 'updates',
  rank: 'rank',
  label: 'label',
  unknown: 'without a value',
  band: 'Shaded: ± one standard error. ',
  drag: 'Drag to select.',
  mean: (lo: string, hi: string) =>
    `Values from ${lo} to ${hi}; line: mean, ± one standard error of the mean. Click to filter.`,
  curveHelp: 'Left and right arrow keys go from point to point, Home and End to the ends; Space selects.',
  mapHelp: 'Arrow keys go to the nearest point in their direction; Space selects.',
  point: (id: string, label: string, x: number, se: number) =>
    `${id}${label === '' ? '' : ` · ${label}`} · ${Number.isFinite(x) ? value(x, se) : 'no value'}${
      Number.isFinite(se) && se > 0 ? ` ± ${plain(se, 2)}` : ''
    }`,
  selected: (n: number) => (n === 0 ? '' : `; ${count(n)} selected`),
  hidden: (n: number) => (n === 0 ? '' : `; ${count(n)} filtered out, drawn faint`),
  curve: (what: string, lo: string, hi: string, sides: string) =>
    `${what} in order, from ${lo} to ${hi}${sides}`,
  below: (k: number, n: number, threshold: string) => `; ${count(k)} of ${count(n)} below ${threshold}`,
  map: (x: string, y: string, n: number) => `Points by ${x} and ${y}: ${many(n, 'point')}`,
  strip: (name: string, n: number, mean: string, se: string) =>
    `${name}: ${many(n, 'point')}, mean ${mean}${se === '' ? '' : ` ± ${se}`}`,
  stale: 'The map came for other points; open the panel again.',
  before: 'before',
  beforeTip: 'The outline: how the values were spread before the points were valued again',
  belowBefore: (threshold: string, before: string, now: string) =>
    `below ${threshold}: ${before} before, ${now} now`,
};
