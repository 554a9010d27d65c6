// Attributes that views set often; js/build.mjs puts these names in the place of the texts.
export const TESTID = 'data-testid';
export const ARIA_LABEL = 'aria-label';
