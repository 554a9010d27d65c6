/** The history of edits as Python tells it, and what is said of a change. Pure. */

import { named } from '../../format';
import { integer, list, record, text, texts, whole, words, WireError } from '../../read';
import type { PartMessage } from '../part';
import { WORDS } from './words';

export interface Change {
  /** Position of the point; null where it is not in these data. */
  readonly row: number | null;
  readonly id: string;
  readonly field: string;
  readonly old: string | boolean;
  readonly now: string | boolean;
  readonly value: number | null;
  /** Of a merge: who made the change, when and why; else empty. */
  readonly from: string;
}

export interface Entry {
  readonly number: number;
  readonly op: string;
  /** ISO 8601. */
  readonly at: string;
  readonly who: string;
  readonly why: string;
  readonly inForce: boolean;
  readonly points: number;
  /** The first of them. */
  readonly rows: readonly Change[];
}

export interface Page {
  /** Newest first. */
  readonly edits: readonly Entry[];
  /** Of which edit it holds the earlier ones; 0 for the newest. */
  readonly before: number;
  readonly more: boolean;
}

export function readPage({ body }: PartMessage): Page {
  return {
    edits: list(body, 'edits').map(entry),
    before: integer(body, 'before'),
    more: body.more === true,
  };
}

function entry(item: unknown): Entry {
  const e = record(item, 'an edit');
  return {
    number: integer(e, 'number'),
    op: text(e, 'op'),
    at: text(e, 'at'),
    who: text(e, 'who'),
    why: words(e.why, 'why', true),
    inForce: e.in_force === true,
    points: integer(e, 'points'),
    rows: list(e, 'rows').map(change),
  };
}

function change(item: unknown): Change {
  const c = record(item, 'a change');
  if (c.value !== null && typeof c.value !== 'number') {
    throw new WireError('The value of a change should be a number.');
  }
  return {
    row: c.row === null ? null : whole(c.row, 'row'),
    id: text(c, 'id'),
    field: text(c, 'field'),
    old: content(c.old),
    now: content(c.new),
    value: c.value,
    from: c.from ? whose(texts(c, 'from')) : '',
  };
}

function whose([who, at, why]: string[]): string {
  return [who, at && moment(at), why].filter(Boolean).join(' · ');
}

function content(item: unknown): string | boolean {
  return typeof item === 'boolean' ? item : words(item, 'a content', true);
}

/** A content in words: a label, a comment, "dropped". */
export function said(field: string, item: string | boolean): string {
  if (typeof item === 'boolean') {
    return (item ? WORDS.yes : WORDS.no)[field] ?? String(item);
  }
  return field === 'label' ? named(item) : item === '' ? WORDS.empty : item;
}

/** A page among those that are listed; the older ones stay, but may have changed since: they are to be read again. */
export function withPage(
  edits: readonly Entry[],
  { edits: some, before, more }: Page
): [Entry[], stale: boolean] {
  const end = some.at(-1)?.number ?? 0;
  const older = more ? edits.filter(({ number }) => number < end) : [];
  const newer = before > 0 ? edits.filter(({ number }) => number >= before) : [];
  return [[...newer, ...some, ...older], older.length > 0];
}

/** How many edits in force came after each of these, by number. */
export function after(edits: readonly Entry[]): Map<number, number> {
  let later = 0;
  const counts = new Map<number, number>();
  for (const { number, inForce } of edits) {
    counts.set(number, later);
    later += inForce ? 1 : 0;
  }
  return counts;
}

/** When, as people here write it. */
export function moment(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? at
    : date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
