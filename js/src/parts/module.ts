/** Modules that come over the comm as a text: imported just as a host imports the panel itself. */

import { h } from '../dom';
import { kit } from './kit';

/** A module that comes later is a function of what the panel has anyway (js/later.mjs); it gives its own default. */
type Late = (given: (place: number) => unknown) => unknown;

/** `source`: of a module; gives what it exports as its default. */
export async function moduleOf(source: string): Promise<unknown> {
  const made = await functionOf(source);
  const all = kit();
  return made((place) => all[place]);
}

async function functionOf(source: string): Promise<Late> {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    return ((await import(url)) as { default: Late }).default;
  } catch (error) {
    const made = inline(source);
    if (made === undefined) {
      throw error;
    }
    return made;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A page may refuse blobs and let inline scripts run. Undefined where it lets neither. */
function inline(source: string): Late | undefined {
  const script: HTMLScriptElement & { made?: Late } = h('script');
  // eslint-disable-next-line no-restricted-syntax -- where it begins
  const body = source.replace('export default', 'return');
  // eslint-disable-next-line no-restricted-syntax -- a script
  script.textContent = `document.currentScript.made = (() => { 'use strict'; ${body}\n})()`;
  document.head.append(script); // it runs at once
  script.remove();
  return script.made;
}
