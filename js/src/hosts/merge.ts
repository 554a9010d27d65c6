/** The module that loads and merges a log of edits, built into `dvlwidgets/static/merge.js`; see parts/edits.ts. */

export { makeMerge as default } from '../parts/merge';
