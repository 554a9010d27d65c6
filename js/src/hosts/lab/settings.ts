/** Settings: what a kernel is told of them, and the theme of the panels. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { setAttr } from '../../dom';
import type { Preferences } from './channel';
import { IRuns } from './tokens';

const ID = 'dvlwidgets:plugin';

export const settings: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Settings of the valuation panels',
  autoStart: true,
  requires: [IRuns],
  optional: [ISettingRegistry],
  activate(app: JupyterFrontEnd, runs: IRuns, registry: ISettingRegistry | null) {
    if (registry !== null) {
      // not earlier: JupyterLab's own plugin for keys stumbles over settings with keys that are loaded before its own
      void app.restored.then(async () => follow(await registry.load(ID), runs));
    }
  },
};

function follow(loaded: ISettingRegistry.ISettings, runs: IRuns): void {
  let before = wishes(loaded, true);
  const apply = (): void => {
    const now = wishes(loaded, true);
    runs.prefer(wishes(loaded, false), {
      share: now.share === before.share ? null : now.share,
      rate: now.rate === before.rate ? null : now.rate,
    });
    before = now;
    const { composite: theme } = loaded.get('theme');
    setAttr(document.body, 'data-dvl-theme', theme === 'light' || theme === 'dark' ? theme : null);
  };
  loaded.changed.connect(apply);
  runs.prefer(wishes(loaded, false), wishes(loaded, false)); // to kernels that were found before
  apply();
}

/** What the settings say; without `defaults` only what somebody chose: the rest is the program's to choose. */
function wishes(loaded: ISettingRegistry.ISettings, defaults: boolean): Preferences {
  const chosen = (key: string): unknown => {
    const { user, composite } = loaded.get(key);
    return defaults || user !== undefined || composite !== loaded.default(key) ? composite : null;
  };
  const [share, rate] = [chosen('share'), chosen('rate')];
  return { share: typeof share === 'string' ? share : null, rate: typeof rate === 'number' ? rate : null };
}
