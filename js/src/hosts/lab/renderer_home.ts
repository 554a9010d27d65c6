/** What an output stands in: a notebook or a console, whose kernel may have the panel. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { IConsoleTracker } from '@jupyterlab/console';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

export interface Home {
  readonly rendermime: IRenderMimeRegistry;
  readonly sessionContext: ISessionContext;
}

/** Null for an output that is in neither; a view of an output elsewhere shares the resolver of its notebook. */
export type FindHome = (node: Node, resolver: IRenderMime.IResolver | null) => Home | null;

export function homesIn(notebooks: INotebookTracker, consoles: IConsoleTracker | null): FindHome {
  return (node, resolver) => {
    const holds = (panel: { readonly node: HTMLElement }, { rendermime }: Rendering): boolean =>
      panel.node.contains(node) || (resolver !== null && rendermime.resolver === resolver);
    const notebook = notebooks.find((panel) => holds(panel, panel.content));
    if (notebook != null) {
      return { rendermime: notebook.content.rendermime, sessionContext: notebook.sessionContext };
    }
    const panel = consoles?.find((one) => holds(one, one.console));
    return panel == null
      ? null
      : { rendermime: panel.console.rendermime, sessionContext: panel.sessionContext };
  };
}

type Rendering = Pick<Home, 'rendermime'>;
