/** Drawn for the buttons of the list, on 14 x 14, filled by the even-odd rule. */

export const REVEAL =
  'M6.4 0h1.2v2.05A5 5 0 0 1 11.95 6.4H14v1.2h-2.05A5 5 0 0 1 7.6 11.95V14H6.4v-2.05A5 5 0 0 1 2.05 7.6H0V6.4h2.05A5 5 0 0 1 6.4 2.05zM7 3.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z';
export const BESIDE = 'M1 2h12v10H1zM2.2 3.2v7.6h4.3V3.2z';
export const TAB = 'M1 2h6v2h6v8H1zM2.2 5.2v5.6h9.6V5.2z';
