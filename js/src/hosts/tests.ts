/** The module of doubtful test points, built into `dvlwidgets/static/tests.js`; see parts/later.ts. */

export { makeTests as default } from '../parts/tests';
