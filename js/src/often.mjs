// Texts that views write often; js/build.mjs puts these names in their place. None that an enum of words.ts has.
export const TESTID = 'data-testid';
export const ARIA_LABEL = 'aria-label';
export const DIV = 'div';
export const SPAN = 'span';
export const CLASS = 'class';
export const NUMBER = 'number';
