/** What Python answers about a file of edits. Pure. */

import { integer, list, record, refuse, show, text, texts, whole, words, type Json } from '../../read';

export type Prefer = 'ours' | 'theirs';

/** A point that both edited, each otherwise. */
export interface Clash {
  readonly id: string;
  readonly field: string;
  readonly mine: string | boolean;
  readonly theirs: string | boolean;
}

/** What a merge would change; counts are of changes, of one field of one point each. */
export interface Preview {
  readonly state: 'preview';
  readonly name: string;
  readonly authors: string;
  /** The file ends within its last line. */
  readonly cut: boolean;
  /** Labels, drops, flags, comments. */
  readonly fresh: readonly number[];
  readonly here: number;
  readonly missing: number;
  readonly missingPoints: number;
  readonly missingIds: readonly string[];
  readonly unfit: number;
  readonly unfitIds: readonly string[];
  /** Why these data cannot take those. */
  readonly why: string;
  readonly clashes: number;
  /** The first of them. */
  readonly shown: readonly Clash[];
  /** Labels that no point has yet. */
  readonly classes: readonly string[];
  readonly moreClasses: number;
}

export type Answer =
  | Preview
  | { readonly state: 'more'; readonly next: number }
  | { readonly state: 'refused' | 'failed'; readonly why: string }
  | { readonly state: 'merged'; readonly count: number };

export function readAnswer(body: Json): Answer {
  const state = text(body, 'state');
  switch (state) {
    case 'more':
      return { state, next: integer(body, 'next') };
    case 'refused':
    case 'failed':
      return { state, why: words(body.why, 'why', true) };
    case 'merged':
      return { state, count: integer(body, 'count') };
    case 'preview':
      return {
        state,
        name: text(body, 'name'),
        authors: text(body, 'authors'),
        cut: body.cut === true,
        fresh: list(body, 'new').map((count) => whole(count, 'One of new')),
        here: integer(body, 'here'),
        missing: integer(body, 'missing'),
        missingPoints: integer(body, 'missing_points'),
        missingIds: texts(body, 'missing_ids'),
        unfit: integer(body, 'unfit'),
        unfitIds: texts(body, 'unfit_ids'),
        why: words(body.why, 'why', true),
        clashes: integer(body, 'clashes'),
        shown: list(body, 'shown').map(clash),
        classes: texts(body, 'classes'),
        moreClasses: integer(body, 'more_classes'),
      };
    default:
      return refuse(`An answer about a file is ${show(state)}, which this page does not know.`);
  }
}

function clash(item: unknown): Clash {
  const c = record(item, 'a clash');
  return { id: text(c, 'id'), field: text(c, 'field'), mine: content(c.mine), theirs: content(c.theirs) };
}

function content(item: unknown): string | boolean {
  return typeof item === 'boolean' ? item : words(item, 'a content', true);
}
