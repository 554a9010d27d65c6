/** The names of the commands. */

export const COMMANDS = {
  pause: 'dvlwidgets:pause',
  resume: 'dvlwidgets:resume',
  stop: 'dvlwidgets:stop',
  reveal: 'dvlwidgets:reveal',
  tab: 'dvlwidgets:open-panel',
  beside: 'dvlwidgets:open-beside',
  show: 'dvlwidgets:show-runs',
  next: 'dvlwidgets:next-panel',
} as const;

/** The side panel's id. */
export const PANEL_ID = 'dvlwidgets-runs';
