/** Whether this bundle can hold a live panel; the build of the viewer answers false, and what is behind it falls away. */
export const LIVE = true as boolean;
