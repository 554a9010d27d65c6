/** A module of its own, which a live valuation panel imports when it is first painted (see parts/later.ts). */

export { makeView as default } from '../parts/view';
