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
  async activate(_app: JupyterFrontEnd, runs: IRuns, registry: ISettingRegistry | null) {
    if (registry === null) {
      return;
    }
    const loaded = await registry.load(ID);
    let before = wishes(loaded, true);
    const apply = (): void => {
      const now = wishes(loaded, true);
      const changed = {
        share: now.share === before.share ? null : now.share,
        rate: now.rate === before.rate ? null : now.rate,
      };
      before = now;
      runs.prefer(wishes(loaded, false), changed);
      const { composite: theme } = loaded.get('theme');
      setAttr(document.body, 'data-dvl-theme', theme === 'light' || theme === 'dark' ? theme : null);
    };
    loaded.changed.connect(apply);
    apply();
  },
};

/** What the settings say; without `defaults` only what somebody chose: the rest is the program's to choose. */
function wishes(loaded: ISettingRegistry.ISettings, defaults: boolean): Preferences {
  const chosen = (key: string): unknown => {
    const { user, composite } = loaded.get(key);
    return defaults || user !== undefined || composite !== loaded.default(key) ? composite : null;
  };
  const [share, rate] = [chosen('share'), chosen('rate')];
  return { share: typeof share === 'string' ? share : null, rate: typeof rate === 'number' ? rate : null };
}
