/** The module of what lies around a point, built into `dvlwidgets/static/around.js`; see parts/later.ts. */

export { makeAround as default } from '../parts/around';
