/** Settings: what a kernel is told of them, and the theme of the panels. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { setAttr } from '../../dom';
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
    const apply = (): void => {
      runs.prefer({
        share: chosen(loaded, 'share', (given) => typeof given === 'string'),
        rate: chosen(loaded, 'rate', (given) => typeof given === 'number'),
      });
      const { composite: theme } = loaded.get('theme');
      setAttr(document.body, 'data-dvl-theme', theme === 'light' || theme === 'dark' ? theme : null);
    };
    loaded.changed.connect(apply);
    apply();
  },
};

/** What somebody chose; null leaves it to the kernel, where a program may have chosen something. */
function chosen<T>(
  loaded: ISettingRegistry.ISettings,
  key: string,
  fits: (given: unknown) => given is T
): T | null {
  const { user, composite } = loaded.get(key);
  const isDefault = user === undefined && composite === loaded.default(key);
  return !isDefault && fits(composite) ? composite : null;
}
