/** Edits of test points: the valuation panel's own commands, keys and views, with the log of the test points behind them. */

import { createEditing, type Editing } from '../editing';
import type { Desk } from '../intents';
import { withKeys, type SetState } from '../live';
import { makeEdits } from '../parts/edits';
import type { Part, PartSource } from '../parts/part';
import { rename } from '../parts/rename';
import { createRelabel } from '../views/relabel';
import { createUndo } from '../views/undo';
import type { Both } from './points';
import type { InfluenceSource } from './source';
import { createTestEdits } from './views/test_edits';
import { OF_TESTS } from './words';

type Command = Readonly<Record<string, unknown>> & { readonly t: string };

/** What edits ask of a source, about test points. */
function ofTests(
  source: InfluenceSource
): Parameters<typeof makeEdits>[0]['source'] & Parameters<typeof createEditing>[0] {
  const edit = (command: Command): void => source.editBy({ ...command, of: 'test' });
  return {
    get points() {
      return source.both?.test ?? null;
    },
    relabel: (rows, choice) => edit({ t: 'relabel', rows: [...rows], ...choice }),
    drop: () => undefined, // a test set without the points that are hard for the model would flatter it
    undo: () => edit({ t: 'undo' }),
    redo: () => edit({ t: 'redo' }),
    editBy: edit,
    ask: (part, body) => source.ask(part, body),
    hear: (part, listener) => source.hear(part, listener),
    complain: (sentence) => source.complain(sentence),
    tell: (change) => source.tell(change),
    subscribe: (listener) => source.subscribe(listener),
  } satisfies Partial<PartSource>;
}

export interface TestEditing {
  readonly editing: Editing;
  readonly element: HTMLElement;
  readonly overlays: readonly HTMLElement[];
  /** `row`: the test point that is chosen, -1 for none; `here`: whether the keys edit it. */
  update(both: Both, row: number, here: boolean, unsaved: number): void;
  /** What else the part paints, see `Part.paint`. */
  readonly paint: NonNullable<Part['paint']>;
  end(): void;
}

/** `desk`: of the list of test points; one point is chosen at a time. */
export function createTestEditing(source: InfluenceSource, desk: Desk, set: SetState): TestEditing {
  const theirs = ofTests(source);
  const part = makeEdits({ source: theirs, desk, set }, OF_TESTS);
  const editing = withKeys(createEditing(theirs, desk), [part]);
  const relabel = createRelabel(editing);
  const undo = createUndo(editing);
  undo.element.append(...(part.takeBack ?? []));
  const view = createTestEdits(relabel.element, part.detail ?? [], undo.element);
  const overlays = part.overlays ?? [];
  return {
    editing,
    element: view.element,
    overlays,
    update(both, row, here, unsaved) {
      const points = both.test;
      relabel.update({ points, targets: row < 0 ? [] : [row], bulk: false, unsaved });
      undo.update(points.edits);
      view.update(points, row, here);
      [view.element, ...overlays].forEach(rename);
    },
    paint: (sight) => part.paint?.(sight),
    end: () => part.end?.(),
  };
}
