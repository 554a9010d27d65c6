/** The icon of the extension, as JupyterLab wants it. */

import { LabIcon } from '@jupyterlab/ui-components';

/** Sorted values on both sides of zero. */
export const runsIcon = new LabIcon({
  name: 'dvlwidgets:runs',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 13h3v8H3zM8 13h3v4H8zM2 11h20v1H2zM13 7h3v4h-3zM18 3h3v8h-3z"/>' +
    '</svg>',
});
