/** One selection and one filter with Python, features that are asked for, and the buttons of the menus, which come later. */

import { setAttr, show } from '../dom';
import { isOver } from '../points';
import { text } from '../read';
import { createLacking } from './columns/lacking';
import { guarded } from './guarded';
import { makeLater } from './later';
import type { Hub, Part } from './part';
import { createButtons, type MenuHub } from './view/buttons';
import { CONTROL, NAME } from './view/read';
import { createSync } from './view/sync';
import { Opens, ruleTip } from './view/words';

export function makeView(hub: Hub): Part {
  const { source } = hub;
  const buttons = createButtons();
  const withButtons: MenuHub = { ...hub, buttons };
  const menus = makeLater(NAME, { turned: true, clicked: Object.values(buttons), called: Opens.menus })(
    withButtons
  );
  const sync = createSync(hub);
  const lacking = createLacking(source);
  let changes = false;
  const stops = [
    source.hear(NAME, (message) => sync.hear(message)),
    source.hear(CONTROL, ({ kind, body }) =>
      guarded(source, () => {
        if (kind === 'state') {
          changes = body.rule === true;
          setAttr(buttons.rule, 'title', ruleTip(text(body, 'words')));
        }
      })
    ),
    lacking.end,
    () => sync.end(),
  ];

  return {
    ...menus,
    tools: [buttons.rule, buttons.export],
    bar: [buttons.columns],
    paint(now) {
      menus.paint!(now);
      show(buttons.rule, changes && !isOver(now.points.status));
      lacking.paint(now);
      guarded(source, () => sync.paint(now));
    },
    end() {
      menus.end!();
      stops.forEach((stop) => stop());
    },
  };
}
