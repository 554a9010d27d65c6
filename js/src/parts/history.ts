/** The history of edits, once somebody opens it: lists them, goes back, hands the log over, merges one from a file. */

import type { Json } from '../read';
import { shown } from '../shown';
import { copied } from './clipboard';
import { isForm, save } from './history/export';
import { createLog, type Form } from './history/log';
import { readPage, said } from './history/page';
import { WORDS } from './history/words';
import { makeMerge } from './merge';
import type { PartMessage } from './part';

/** The sheet as the panel has it from its beginning, and what is asked of its other half. */
export interface HistoryHost {
  /** A dialog with a head, and below it a line that says that the log is being read. */
  readonly sheet: HTMLElement;
  readonly close: HTMLElement;
  readonly reading: HTMLElement;
  /** What a number beside an edit is, which the point was worth then. */
  readonly worth: string;
  ask(body: Readonly<Record<string, unknown>>): string;
  /** Takes back what came after an edit. */
  backTo(number: number): void;
  focus(row: number): void;
  complain(sentence: string): void;
}

export interface History {
  hear(message: PartMessage): void;
  /** Reads the log anew. */
  read(): void;
  closed(): void;
}

export type MakeHistory = (host: HistoryHost) => History;

export const makeHistory: MakeHistory = (host) => {
  const wanted = { log: '', take: '', how: 'copy' as 'copy' | 'download' };
  const log = createLog(
    {
      older: (before) => read(before),
      backTo: (number) => host.backTo(number),
      focus: (row) => host.focus(row),
      take(form: Form, how) {
        Object.assign(wanted, { take: host.ask({ do: 'export', as: form }), how });
      },
    },
    host
  );
  const merge = makeMerge(log, (body) => host.ask(body), said);

  function read(before: number): void {
    wanted.log = host.ask({ do: 'log', before });
  }

  /** What goes to other programs is the text itself, what stands on the page is fit to be shown. */
  async function hand({ as: form, text: raw }: Json): Promise<void> {
    if (!isForm(form) || typeof raw !== 'string') {
      host.complain(WORDS.unknownForm);
    } else if (wanted.how === 'download') {
      save(form, raw);
      log.tell('');
    } else if (await copied(raw)) {
      log.tell(WORDS.copied);
    } else {
      log.tell(WORDS.notCopied, shown(raw, true));
    }
  }

  return {
    hear(message) {
      if (message.kind === 'log' && message.request === wanted.log) {
        log.page(readPage(message));
      } else if (message.kind === 'export' && message.request === wanted.take) {
        void hand(message.body);
      } else {
        merge(message);
      }
    },
    read: () => read(0),
    closed: () => log.clear(),
  };
};
