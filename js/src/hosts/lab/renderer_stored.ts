/**
 * Stored outputs follow their panels where JupyterLab lost them: after a reload, in a notebook that is opened again, in
 * a pasted cell. It knows which output a kernel writes anew only where it saw the output come; the widget's id says it
 * everywhere.
 */

import type { ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { KernelMessage } from '@jupyterlab/services';
import type { PartialJSONObject } from '@lumino/coreutils';

import { htmlIn, SNAPSHOT } from './renderer_copy';
import { modelsIn } from './reveal';

type Bundle = Readonly<Record<string, unknown>>;

/** Listens to all notebooks. */
export function followPanels(notebooks: INotebookTracker): void {
  const follow = (panel: NotebookPanel): void => {
    // the message passes by here once JupyterLab has written it where it knows how
    panel.context.sessionContext.iopubMessage.connect((_, message) => write(panel, message));
  };
  notebooks.forEach(follow);
  notebooks.widgetAdded.connect((_, panel) => follow(panel));
}

function write(panel: NotebookPanel, message: KernelMessage.IMessage): void {
  if (message.header.msg_type !== 'update_display_data') {
    return;
  }
  const { data, metadata } = message.content as { data?: Bundle; metadata?: PartialJSONObject };
  const [model] = data?.[SNAPSHOT] === undefined ? [] : modelsIn([data]);
  if (data === undefined || model === undefined) {
    return;
  }
  for (const cell of panel.content.model?.cells ?? []) {
    if (cell.type === 'code') {
      writeIn((cell as ICodeCellModel).outputs, model, {
        data: data as PartialJSONObject,
        metadata: metadata ?? {},
      });
    }
  }
}

function writeIn(outputs: ICodeCellModel['outputs'], model: string, news: PartialJSONObject): void {
  for (let index = 0; index < outputs.length; index++) {
    const before = outputs.get(index);
    if (modelsIn([before.data]).includes(model) && !isSame(before.data, news.data as Bundle)) {
      outputs.set(index, { ...before.toJSON(), ...news });
    }
  }
}

/** Of a copy, what tells when it was made and nothing of its contents. */
const OWN = /\bdvl-[0-9a-f]{32}\b|"made":"[^"]{0,40}"/g;

/** Whether two bundles hold the same copy: then a notebook that is only opened is not changed. */
export function isSame(one: Bundle, other: Bundle): boolean {
  const words = (bundle: Bundle): string => htmlIn(bundle).replaceAll(OWN, '');
  return SNAPSHOT in one === SNAPSHOT in other && words(one) === words(other);
}
