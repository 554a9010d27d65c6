/** Where in a notebook a run lives. */

import type { ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { cellOf, nextPanel, type CellFacts } from './order';
import type { RunInfo } from './runs';

export const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';
const SNAPSHOT = 'application/vnd.dvlwidgets.snapshot+json';

/** Makes the cell of a run active and scrolls to it; returns its index, or -1. */
export async function revealRun(panel: NotebookPanel, run: RunInfo): Promise<number> {
  const index = cellOf(factsOf(panel), run);
  if (index >= 0) {
    await goTo(panel, index);
  }
  return index;
}

/** Makes the next cell that shows a panel active, and scrolls to it; returns its index, or null. */
export async function revealNext(panel: NotebookPanel): Promise<number | null> {
  const { content } = panel;
  const shows = content.widgets.map(
    // an output that is stored anew is not there for a moment
    ({ node, model }) =>
      node.querySelector('[data-dvl-panel]') !== null || bundlesOf(model).some((data) => data?.[SNAPSHOT])
  );
  const index = nextPanel(shows, content.activeCellIndex);
  if (index < 0) {
    return null;
  }
  await goTo(panel, index);
  return index;
}

async function goTo({ content }: NotebookPanel, index: number): Promise<void> {
  content.activeCellIndex = index;
  content.deselectAll();
  content.widgets[index]?.node.querySelector('[data-dvl-panel]')?.scrollIntoView({ block: 'nearest' });
  await content.scrollToItem(index, 'smart');
}

function factsOf(panel: NotebookPanel): CellFacts[] {
  return panel.content.widgets.map(({ model }) => ({
    id: model.id,
    models: modelsIn(bundlesOf(model)),
  }));
}

type Bundle = Readonly<Record<string, unknown>> | undefined;

function bundlesOf(model: ICellModel): Bundle[] {
  const outputs: unknown = model.type === 'code' ? model.toJSON().outputs : [];
  return (Array.isArray(outputs) ? outputs : []).map((output) => (output as { data?: Bundle }).data);
}

/** Ids of the widgets that bundles show. */
export function modelsIn(bundles: readonly Bundle[]): string[] {
  const said = (item: unknown, key: string): unknown =>
    typeof item === 'object' && item !== null ? (item as Record<string, unknown>)[key] : undefined;
  const found = bundles.flatMap((data) => [
    said(data?.[WIDGET_VIEW], 'model_id'),
    said(data?.[SNAPSHOT], 'model'),
  ]);
  return found.filter((model) => typeof model === 'string');
}
