/** The module of the table's columns and filters, built into `dvlwidgets/static/table.js`; see parts/later.ts. */

export { makeTable as default } from '../parts/table';
