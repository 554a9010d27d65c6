/** The anywidget front-end module, built into `dvlwidgets/static/widget.js`. */

import { LiveModel } from '../model';
import { mountPanel } from '../panel';
import { createLive } from '../valuation';
import { createWidget } from './afm';

export default createWidget(
  (model) => new LiveModel(model),
  (el, store) => mountPanel(el, store, createLive)
);
