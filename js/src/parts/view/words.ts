/** What people read of export and of the control of a run. */

/** Of the buttons, which stand before their menus come. */
export const enum Opens {
  export = 'Export',
  exportTip = 'Take the table, the selection or the panel elsewhere; see the values as another semivalue',
  rule = 'Until…',
  columns = 'Columns',
  columnsTip = 'Choose, move, pin and size columns; copy rows',
  /** All of them, where they could not be loaded. */
  menus = 'menu',
}

export const ruleTip = (words: string): string => `When the run stops: ${words}`;

export const WORDS = {
  csv: (rows = 'Table') => `${rows} as CSV: columns shown`,
  csvTip: 'The rows that pass the filters, in this order, in the columns shown; panel.to_csv writes all',
  parquet: (rows = 'Table') => `${rows} as Parquet: all columns`,
  parquetTip:
    'The rows that pass the filters, in this order: values, ranks, labels also suggested ones, edits, features; needs pyarrow',
  report: 'Report as a page',
  reportTip: 'An HTML file that needs no kernel; it holds what this panel shares',
  python: 'Selection for Python',
  pythonTip: 'Copies the positions of the selected points as a line of Python',
  checkpoint: 'Save a checkpoint',
  checkpointTip: 'The utilities evaluated so far, in a folder: checkpoint=FOLDER goes on from it',
  fromTitle: 'Go on from a checkpoint',
  fromTip: 'Takes up what was evaluated there, without a fit, and runs until the rule says stop',
  asTitle: 'Values as',
  asTip: 'Values, bars and ranks re-estimated from the evaluations that are there, without a fit',
  beside: '+ column',
  besideTip: (name: string) => `${name} in a column beside the values`,
  asNone: 'Their evaluations tell no other semivalue.',
  asBad: (name: string) => `${name} (told badly)`,
  loading: 'a moment…',
  ruleTitle: 'Stop when',
  certain: 'the ranking is certain to',
  minutes: 'or after, in all',
  percent: '%',
  min: 'min',
  neither: 'Leave both empty to run until you stop it. It holds from the end of the round in hand.',
  presets: { quick: 'quick: 80 %', usual: 'usual: 95 %', sure: 'sure: 99 %' },
  change: 'Change',
  badRule: 'A certainty lies between 0 and 100 %, minutes are more than 0; write them as 97.5',
  copied: (n: number) => `${n} ${n === 1 ? 'position' : 'positions'} copied`,
  notCopied: 'The browser does not let this page copy.',
  saved: (path: string) => `saved in ${path}`,
};
