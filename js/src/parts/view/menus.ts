/** The menus of a panel: export, the columns, what can be changed of a run on its way. They come when somebody turns to it. */

import { copied } from '../clipboard';
import { makeColumnsMenu } from '../columns/menu';
import { download } from '../download';
import { h, setText, show } from '../../dom';
import { array, text, texts } from '../../read';
import STYLE from '../../../style/parts/view.css';
import { AS_USUAL, showColumn } from '../columns/arrange';
import { guarded } from '../guarded';
import type { Part, PartMessage, Sight } from '../part';
import type { MenuHub } from './buttons';
import { createMenu } from './menu';
import { CONTROL, NAME, readState, type RunState } from './read';
import { csv, pythonOf } from './rows';
import { createRule } from './rule';
import { createSemivalues, SEMIVALUE } from './semivalues';
import { WORDS } from './words';

const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv;charset=utf-8',
  html: 'text/html;charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

export function makeMenus(hub: MenuHub): Part {
  const { source, buttons } = hub;
  let sight: Sight | null = null;
  let run: RunState | null = null;
  const wanted = { file: '', saved: '', listed: '', opened: '' };

  const columns = makeColumnsMenu(hub);
  const said = h('span', { class: 'muted', role: 'status', 'data-testid': 'export-said' });
  const methods = createSemivalues(hub, (name) => {
    if (name !== null) {
      hub.set((s) => ({ ...s, columns: showColumn(s.columns ?? AS_USUAL, `x:as ${name}`, true) }));
    }
    menu.close();
  });
  const rule = createRule(buttons.rule, (given) => source.ask(CONTROL, { do: 'rule', ...given }));
  const menu = createMenu(buttons.export, () => {
    setText(said, '');
    show(python, (sight?.state.selected.size ?? 0) > 0);
    show(kept, false);
    show(from, false);
    wanted.listed = '';
    offer();
  });
  const item = (words: string, tip: string, testid: string, deed: () => void) =>
    h('button', { class: 'button small', title: tip, 'data-testid': testid, onclick: deed }, words);
  const python = item(WORDS.python, WORDS.pythonTip, 'export-python', () => void copy());
  const kept = h(
    'div',
    { class: 'view-kept' },
    item(WORDS.checkpoint, WORDS.checkpointTip, 'export-checkpoint', () => {
      wanted.saved = source.ask(CONTROL, { do: 'checkpoint', name: run?.name ?? 'run' });
    }),
    h('h3', { title: WORDS.asTip }, WORDS.asTitle),
    methods.element
  );
  const checkpoints = h('div', { class: 'button-row', 'data-testid': 'export-checkpoints' });
  const from = h(
    'div',
    { class: 'view-kept', hidden: true },
    h('h3', { title: WORDS.fromTip }, WORDS.fromTitle),
    checkpoints
  );
  menu.sheet.append(
    item(WORDS.csv(hub.rows), WORDS.csvTip, 'export-csv', table),
    item(WORDS.parquet(hub.rows), WORDS.parquetTip, 'export-parquet', () => {
      if (sight !== null) {
        wanted.file = source.ask(NAME, { do: 'parquet', rows: [...sight.derived.order] });
      }
    }),
    item(WORDS.report, WORDS.reportTip, 'export-report', () => {
      wanted.file = source.ask(NAME, { do: 'report' });
    }),
    python,
    kept,
    from,
    said
  );

  /** What a run that keeps its utilities makes possible, also if it comes so far while the sheet is open. */
  function offer(): void {
    if (run?.utilities === true && wanted.listed === '') {
      wanted.listed = source.ask(CONTROL, { do: 'checkpoints' });
    }
    if (run?.utilities === true && (sight?.points.status.done ?? 0) > 0 && kept.hidden) {
      show(kept, true);
      methods.open();
    }
  }

  /** All columns that were chosen, also those for which a narrow panel has no room. */
  function table(): void {
    if (sight !== null) {
      const { points, derived, state } = sight;
      const columns = hub.grid?.()?.columns(points, 'wide', Infinity, state.columns) ?? sight.columns;
      save('csv', csv(points, derived.ranks, columns, derived.order));
    }
  }

  function save(form: string, content: string | Uint8Array<ArrayBuffer>): void {
    const type = TYPES[form] ?? 'application/octet-stream';
    download(`${run?.name ?? 'panel'}.${form}`, new Blob([content], { type }));
    menu.close();
  }

  async function copy(): Promise<void> {
    const selected = sight?.state.selected ?? new Set<number>();
    const done = await copied(pythonOf(selected));
    setText(said, done ? WORDS.copied(selected.size) : WORDS.notCopied);
  }

  /** Checkpoints that a run may begin with: not while one is under way. */
  function list(names: readonly string[]): void {
    checkpoints.replaceChildren(
      ...names.map((name) =>
        item(name, WORDS.fromTip, `from-${name}`, () => {
          wanted.opened = source.ask(CONTROL, { do: 'open', name });
        })
      )
    );
    const state = sight?.points.status.state;
    show(from, names.length > 0 && state !== 'running' && state !== 'paused');
  }

  function control(message: PartMessage): void {
    const { kind, body, request } = message;
    if (kind === 'state') {
      run = readState(body);
      rule.told(run);
    } else if (kind === 'saved' && request === wanted.saved) {
      setText(said, WORDS.saved(text(body, 'path')));
    } else if (kind === 'checkpoints' && request === wanted.listed) {
      list(texts(body, 'names'));
    } else if (kind === 'opened' && request === wanted.opened) {
      menu.close();
    }
  }

  function view({ kind, body, buffers, request }: PartMessage): void {
    if (kind === 'file' && request === wanted.file) {
      save(text(body, 'as'), array(body.bytes, 'u1', buffers, null, 'The file'));
    }
  }

  const checked = (deed: (message: PartMessage) => void) => (message: PartMessage) =>
    guarded(source, () => deed(message));
  const stops = [
    source.hear(NAME, checked(view)),
    source.hear(CONTROL, checked(control)),
    source.hear(SEMIVALUE, checked(methods.hear)),
  ];

  return {
    ...columns,
    overlays: [rule.sheet, menu.sheet, ...columns.overlays!],
    style: STYLE + columns.style!,
    paint(now) {
      sight = now;
      columns.paint!(now);
      if (menu.isOpen()) {
        offer();
      }
    },
    end() {
      columns.end!();
      rule.end();
      menu.end();
      stops.forEach((stop) => stop());
    },
  };
}
