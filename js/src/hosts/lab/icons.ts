/** Icons of the extension; drawn for it, filled by the even-odd rule, on 14 x 14 but for the first. */

import { LabIcon } from '@jupyterlab/ui-components';

/** Sorted values on both sides of zero. */
export const runsIcon = new LabIcon({
  name: 'dvlwidgets:runs',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 13h3v8H3zM8 13h3v4H8zM2 11h20v1H2zM13 7h3v4h-3zM18 3h3v8h-3z"/>' +
    '</svg>',
});

export const REVEAL =
  'M6.4 0h1.2v2.05A5 5 0 0 1 11.95 6.4H14v1.2h-2.05A5 5 0 0 1 7.6 11.95V14H6.4v-2.05A5 5 0 0 1 2.05 7.6H0V6.4h2.05A5 5 0 0 1 6.4 2.05zM7 3.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z';
export const BESIDE = 'M1 2h12v10H1zM2.2 3.2v7.6h4.3V3.2z';
export const TAB = 'M1 2h6v2h6v8H1zM2.2 5.2v5.6h9.6V5.2z';
