/**
 * What a panel knows of the language of filter expressions: its module (parts/expression.ts) comes after the panel, and
 * once it is here all panels of the page's module have it.
 */

import type { Ranks } from '../../columns';
import type { Points } from '../../points';
import type { Hub, Sight } from '../part';

/** One byte a row: 1 where the expression holds. */
export type Mask = Uint8Array;

export interface Language {
  /** What computes the rows that an expression holds for, or a sentence about what is wrong with it. */
  read(text: string, points: Points, ranks: Ranks, selected: ReadonlySet<number>): (() => Mask) | string;
  /** Completes, checks and filters by what is written in a field. */
  take(field: Field): LiveField;
}

/** A field that waits for the language. */
export interface Field {
  readonly hub: Hub;
  /** Whether an expression may name features that are not here yet. */
  readonly offers: boolean;
  readonly element: HTMLInputElement;
  /** Over the panel, below the field. */
  readonly pop: HTMLElement;
  readonly sight: () => Sight | null;
  readonly filter: (expression: string) => void;
  /** The expression that filters. */
  readonly applied: string;
  /** Whether Enter was pressed after what is written. */
  readonly entered: boolean;
}

export interface LiveField {
  /** `expression`: what filters now; another one than the field's came from elsewhere. */
  update(expression: string): void;
  /** Gives it the keyboard's focus, and offers nothing yet. */
  focus(): void;
  end(): void;
}

interface Known {
  /** Null until its module is here. */
  readonly language: Language | null;
  /** Its module could not be loaded. */
  readonly failed: boolean;
}

let known: Known = { language: null, failed: false };
const hearers = new Set<() => void>();

/** What is known of the language now. */
export const spoken = (): Known => known;

/** Tells all panels. */
export function speak(now: Partial<Known>): void {
  known = { ...known, ...now };
  hearers.forEach((hear) => hear());
}

/** Hears when `spoken` changed; returns how to stop that. */
export function hearLanguage(hear: () => void): () => void {
  hearers.add(hear);
  return () => hearers.delete(hear);
}
