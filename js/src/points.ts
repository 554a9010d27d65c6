/** The points of a panel as Python last told them, and how each message changes them. Pure. */

import type { Histogram } from './histogram';
import type {
  DeltaMessage,
  Edits,
  EditsMessage,
  Feature,
  FullMessage,
  HistoryEntry,
  Labels,
  PreviewKind,
  PreviewsMessage,
  Status,
} from './wire';

/** What is known of a whole data set of which only some points are here. */
export interface Whole {
  readonly n: number;
  /** How many of its points have a value. */
  readonly known: number;
  /** Of each point that is here: its position in the data set, and how many values are lower than its own. */
  readonly positions: Uint32Array;
  readonly ranks: Uint32Array;
  readonly histogram: Histogram | null;
}

/** What a column that came after the points holds, one entry a point; NaN and the code UNKNOWN_CODE: not known. */
export type ExtraData =
  | { readonly kind: 'number'; readonly values: Float32Array }
  | {
      readonly kind: 'class';
      readonly classes: readonly string[];
      readonly codes: Uint16Array;
      /** How sure each entry is, from 0 to 1. */
      readonly probability: Float32Array | null;
    }
  | { readonly kind: 'text'; readonly texts: readonly string[] };

export interface ExtraColumn {
  readonly id: string;
  readonly name: string;
  /** What it is, its unit, where it comes from. */
  readonly tip: string;
  readonly data: ExtraData;
}

export const UNKNOWN_CODE = 65535;

/** Columns are changed in place: at a million points a copy per frame would cost more than the frame. */
export interface Points {
  seq: number;
  readonly n: number;
  readonly title: string;
  readonly method: string;
  status: Status;
  history: HistoryEntry[];
  readonly value: Float32Array;
  readonly stderr: Float32Array;
  readonly count: Uint32Array;
  readonly converged: Uint8Array;
  label: Labels | null;
  readonly dropped: Uint8Array;
  readonly ids: readonly string[] | null;
  readonly features: readonly Feature[];
  readonly featuresLeftOut: number;
  readonly preview: PreviewKind;
  edits: Edits;
  readonly share: string;
  readonly value_name?: string;
  /**
   * Columns that came later, by id: "suggested" and "predicted" (classes, see `suggestionOf`), "group", "flagged" (not 0
   * where a point is), features that were asked for. Who puts one here tells the source that values changed.
   */
  readonly extra: Map<string, ExtraColumn>;
  /** Null where all points of the data set are here. */
  readonly whole: Whole | null;
  /** What a saved copy says of points that were flagged or commented, by row. */
  readonly marks?: ReadonlyMap<number, string>;
}

/** `before`: the points held until now; what came later than they did stays where the data set is as large. */
export function fromFull(m: FullMessage, before: Points | null = null): Points {
  const extra = before?.n === m.n ? before.extra : new Map<string, ExtraColumn>();
  return { ...m, featuresLeftOut: m.features_left_out, extra, whole: null };
}

/** Applies a delta; false when it builds upon another frame than the one held (then nothing is changed). */
export function applyDelta(points: Points, m: DeltaMessage): boolean {
  if (m.base !== points.seq || m.rows.some((row) => row >= points.n)) {
    return false;
  }
  m.rows.forEach((row, i) => {
    points.value[row] = m.value[i]!;
    points.stderr[row] = m.stderr[i]!;
    points.converged[row] = m.converged[i]!;
    if (m.count instanceof Uint32Array) {
      points.count[row] = m.count[i]!;
    }
  });
  if (!(m.count instanceof Uint32Array)) {
    points.count.fill(m.count.all);
  }
  points.status = m.status;
  points.history = [...points.history.slice(0, m.history_from), ...m.history];
  points.seq = m.seq;
  return true;
}

/** Applies edits that are on disk; false when they do not fit the points held (then nothing is changed). */
export function applyEdits(points: Points, m: EditsMessage): boolean {
  const label = points.label;
  const classes = m.classes ?? (label?.kind === 'class' ? label.classes : []);
  if (m.rows.some((row) => row >= points.n) || m.codes?.some((code) => code >= classes.length)) {
    return false;
  }
  if (label?.kind === 'class') {
    label.classes = classes;
  }
  m.rows.forEach((row, i) => {
    points.dropped[row] = m.dropped[i]!;
    if (label?.kind === 'class' && m.codes !== null) {
      label.codes[row] = m.codes[i]!;
    } else if (label?.kind === 'number' && m.numbers !== null) {
      label.values[row] = m.numbers[i] ?? NaN;
    }
  });
  points.edits = m.edits;
  return true;
}

/** The picture or text of each row that a message brings. */
export function eachPreview(
  m: PreviewsMessage,
  keep: (row: number, preview: Uint8Array | string) => void
): void {
  const size = (m.pixels?.length ?? 0) / (m.rows.length || 1);
  m.rows.forEach((row, i) => {
    const shown = m.texts?.[i] ?? m.pixels?.slice(i * size, (i + 1) * size);
    if (shown !== undefined) {
      keep(row, shown);
    }
  });
}

/** The id a person knows the point by; its position when it was given none. */
export function idOf(points: Points, row: number): string {
  return points.ids?.[row] ?? String(points.whole?.positions[row] ?? row);
}

/** What the values are called. */
export function valueName(points: Points): string {
  return points.value_name ?? 'value';
}

/** How many points the data set has, here or not. */
export function sizeOf(points: Points): number {
  return points.whole?.n ?? points.n;
}

export function isRelabelled(points: Points, row: number): boolean {
  const label = points.label;
  if (label === null) {
    return false;
  }
  return label.kind === 'class'
    ? label.codes[row] !== label.original[row]
    : !Object.is(label.values[row], label.original[row]);
}

/** Whether nothing more is to come of the run. */
export function isOver({ state }: Status): boolean {
  return ['stopped', 'finished', 'failed'].includes(state);
}

/** Whether a point was dropped when these values were computed: nothing is to come of it any more. */
export function isLeftOut(points: Points, row: number): boolean {
  return points.converged[row] === 1 && Number.isNaN(points.value[row]!);
}

export function isEdited(points: Points, row: number): boolean {
  return points.dropped[row] === 1 || isRelabelled(points, row);
}

/** The class that the model would give a point, and how sure it is. */
export interface Suggestion {
  /** Among the classes of the labels; -1 where they have no such class. */
  readonly code: number;
  readonly name: string;
  /** NaN where the model does not say. */
  readonly probability: number;
}

/** What is suggested for a point by the column "suggested"; null where nothing is. */
export function suggestionOf(points: Points, row: number): Suggestion | null {
  const data = points.extra.get('suggested')?.data;
  if (data?.kind !== 'class' || data.codes[row]! >= data.classes.length) {
    return null;
  }
  const at = data.codes[row]!;
  const name = data.classes[at]!;
  const classes = points.label?.kind === 'class' ? points.label.classes : [];
  const code = classes[at] === name ? at : classes.indexOf(name);
  return { code, name, probability: data.probability?.[row] ?? NaN };
}

/** Whether another label is suggested than the present one. */
export function disagrees(points: Points, row: number): boolean {
  const suggestion = suggestionOf(points, row);
  return suggestion !== null && points.label?.kind === 'class' && points.label.codes[row] !== suggestion.code;
}

/** The values before the points were valued again; null where they were valued once. */
export function valuesBefore(points: Points): Float32Array | null {
  const data = points.extra.get('before')?.data;
  return data?.kind === 'number' ? data.values : null;
}

/** The comment on a point; empty where there is none. */
export function noteOf(points: Points, row: number): string {
  const data = points.extra.get('note')?.data;
  return data?.kind === 'text' ? (data.texts[row] ?? '') : '';
}

export function isFlagged(points: Points, row: number): boolean {
  const data = points.extra.get('flagged')?.data;
  return data?.kind === 'number' && data.values[row]! > 0;
}
