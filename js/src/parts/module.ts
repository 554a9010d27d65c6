/** Modules that come over the comm as a text: imported just as a host imports the panel itself. */

import { h } from '../dom';

/** `source`: of a module; gives what it exports as its default. */
export async function moduleOf(source: string): Promise<{ default: unknown }> {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  try {
    return (await import(url)) as { default: unknown };
  } catch (error) {
    const made = inline(source);
    if (made === undefined) {
      throw error;
    }
    return { default: made };
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A page may refuse blobs and let inline scripts run. Undefined where it lets neither. */
function inline(source: string): unknown {
  const script: HTMLScriptElement & { made?: unknown } = h('script');
  const body = source.replace(/export\s*\{\s*([\w$]+) as default,?\s*\};?(?!.*export)/s, 'return $1');
  // eslint-disable-next-line no-restricted-syntax -- a script
  script.textContent = `document.currentScript.made = (() => { 'use strict'; ${body}\n})()`;
  document.head.append(script); // it runs at once
  script.remove();
  return script.made;
}
