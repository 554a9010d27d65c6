/** How small a table is printed, and which of its columns do not fit the paper even so. Pure. */

import { within } from '../../format';
import { tableWidth, type Column } from '../../layout';

/** Pixels across A4 and Letter between their usual margins. */
const PAPER = 690;
/** What is printed smaller cannot be read. */
const SMALLEST = 0.6;
const LARGEST = 0.85;

export interface Fit {
  readonly zoom: number;
  readonly lost: readonly Column[];
}

export function fitTo(columns: readonly Column[], paper = PAPER): Fit {
  const zoom = within(SMALLEST, paper / tableWidth(columns), LARGEST);
  return { zoom, lost: columns.filter((_, at) => tableWidth(columns.slice(0, at + 1)) * zoom > paper + 1) };
}
