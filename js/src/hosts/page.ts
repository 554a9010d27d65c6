/**
 * A saved page, built into `dvlwidgets/static/viewer.js`: a classic script that turns snapshots into panels.
 *
 * Each `<script type="application/json" class="dvl-snapshot-data" data-for="ID">` names the static table and picture
 * that stand in for it; they are hidden only once the panel stands beside them.
 */

import { mountPanel } from '../panel';
import { SavedSource } from '../saved';

const MOUNTED = 'data-mounted';

export function mountAll(doc: Document): number {
  let mounted = 0;
  for (const script of doc.querySelectorAll('script.dvl-snapshot-data')) {
    if (!script.hasAttribute(MOUNTED) && mount(doc, script)) {
      mounted += 1;
    }
  }
  return mounted;
}

function mount(doc: Document, script: Element): boolean {
  script.setAttribute(MOUNTED, '');
  const stand = doc.getElementById(script.getAttribute('data-for') ?? '');
  if (stand === null) {
    return false;
  }
  try {
    const source = new SavedSource(script.textContent);
    const box = doc.createElement('div');
    mountPanel(box, source, null);
    stand.after(box);
    stand.hidden = true;
    return true;
  } catch (error) {
    console.error('dvlwidgets: the saved panel could not be shown; its static table stays.', error);
    return false;
  }
}

if (document.readyState === 'loading') {
  document.addEventListener('DOMContentLoaded', () => mountAll(document));
}
mountAll(document);
