/**
 * A saved page, built into `dvlwidgets/static/viewer.js`: a classic script that turns shared copies into panels.
 *
 * Each `<script type="application/json" class="dvl-snapshot-data" data-for="ID">` names the static table and picture
 * that stand in for it; they are hidden only once the panel stands beside them. A page may hold this script many
 * times, once in each output: whichever runs shows what is not shown yet.
 */

import { mountSaved, problemOf } from '../saved';
import { Say } from '../words';

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
  const id = script.getAttribute('data-for') ?? '';
  // beside it first: an output that was copied has the same id again; the script may stand in a hidden box
  const beside = script.previousElementSibling ?? script.parentElement?.previousElementSibling;
  const stand = beside?.id === id ? (beside as HTMLElement) : doc.getElementById(id);
  if (stand === null) {
    return false;
  }
  const box = doc.createElement('div');
  stand.before(box);
  try {
    mountSaved(box, script.textContent);
    stand.hidden = true;
    return true;
  } catch (error) {
    box.className = 'dvl-problem';
    box.setAttribute('role', 'alert');
    box.textContent = problemOf(error, Say.tableStays);
    return false;
  }
}

mountAll(document);
