/** The module of the pictures, built into `dvlwidgets/static/pictures.js`; see parts/later.ts. */

export { makePictures as default } from '../parts/pictures';
