/** The anywidget front-end module, built into `dvlwidgets/static/widget.js`. */

import { LiveModel } from '../model';
import { mountPanel } from '../panel';
import { rehearse } from '../rehearsal';
import { createLive } from '../valuation';
import { createWidget } from './afm';

export default createWidget(
  (model) => new LiveModel(model),
  (el, store) => {
    const mount = (at: HTMLElement, source: LiveModel) => mountPanel(at, source, createLive);
    rehearse(store, (madeUp) => mount(document.createElement('div'), madeUp));
    return mount(el, store);
  }
);
