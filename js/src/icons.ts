/** Drawn for this panel, on 14 x 14; each on its own, so that a bundle holds only those it shows. */

export const PAUSE = 'M3 2h3v10H3zM8 2h3v10H8z';
export const PLAY = 'M3 1.5v11l9-5.5z';
export const STOP = 'M2.5 2.5h9v9h-9z';
export const UNDO = 'M5.5 1 1.5 5l4 4V6.2h3a2.4 2.4 0 1 1 0 4.8H5v1.8h3.5a4.2 4.2 0 1 0 0-8.4h-3z';
export const REDO = 'M8.5 1l4 4-4 4V6.2h-3a2.4 2.4 0 1 0 0 4.8H9v1.8H5.5a4.2 4.2 0 1 1 0-8.4h3z';
export const FLAG = 'M3 1h1.2v1h6.8L9.4 5 11 8H4.2v5H3z';
export const NOTE = 'M2 2h10v7H7l-3 3V9H2z';
export const CLOSE = 'M3 2 7 6l4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z';
export const SAVE = 'M6 1h2v5h2.5L7 9.8 3.5 6H6zM2 11.2h10V13H2z';
export const TILES = 'M2 2h4v4H2zM8 2h4v4H8zM2 8h4v4H2zM8 8h4v4H8z';
export const COLUMNS = 'M2 2h2.6v10H2zM5.7 2h2.6v10H5.7zM9.4 2H12v10H9.4z';
export const FUNNEL = 'M1.5 2h11L8.4 7.2v3.6L5.6 12.5V7.2z';
export const GROW = 'M2 2h4v1.6H3.6V6H2zM8 2h4v4h-1.6V3.6H8zM2 8h1.6v2.4H6V12H2zM10.4 8H12v4H8v-1.6h2.4z';
