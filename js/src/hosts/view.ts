/** A module of its own, which a live panel imports when somebody turns to it (see parts/later.ts). */

export { makeMenus as default } from '../parts/view/menus';
