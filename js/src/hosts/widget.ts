/** The anywidget front-end module, built into `dvlwidgets/static/widget.js`. */

import { createLive } from '../live';
import { LiveModel } from '../model';
import { mountPanel } from '../panel';
import { createWidget } from './afm';

export default createWidget(
  (model) => new LiveModel(model),
  (el, store) => mountPanel(el, store, createLive)
);
