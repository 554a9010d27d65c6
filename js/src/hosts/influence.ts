/** The anywidget front-end module of the influence panel, built into `dvlwidgets/static/influence.js`. */

import { InfluenceModel } from '../influence/model';
import { mountInfluence } from '../influence/panel';
import { createWidget } from './afm';

export default createWidget<InfluenceModel>((model) => new InfluenceModel(model), mountInfluence);
