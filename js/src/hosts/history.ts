/** The module of the history of edits, built into `dvlwidgets/static/history.js`; see parts/edits.ts. */

export { makeHistory as default } from '../parts/history';
