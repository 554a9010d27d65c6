/** The module of filter expressions, built into `dvlwidgets/static/expression.js`; see parts/later.ts. */

export { makeExpression as default } from '../parts/expression';
