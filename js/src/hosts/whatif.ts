/** The module of "what if", built into `dvlwidgets/static/whatif.js`; see parts/later.ts. */

export { makeWhatIf as default } from '../parts/whatif';
