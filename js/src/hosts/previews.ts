/** The module of larger previews, built into `dvlwidgets/static/previews.js`; see parts/later.ts. */

export { makePreviews as default } from '../parts/previews';
