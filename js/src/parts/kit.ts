/**
 * What the panel has anyway and modules that come later use: they are given it (js/later.mjs), so that it is not there
 * twice. They import it as any file does; what is not in this list is in their bundle, too.
 */

import { drawBars } from '../bars';
import { sortable } from '../columns';
import { extent } from '../histogram';
import { drawPixels, h, icon, onceAFrame, setAttr, setText, show, svg } from '../dom';
import { createEditing } from '../editing';
import { count, many, named, percent, plain, value } from '../format';
import { edits, ids, labels, previewKind } from '../frames';
import { createKeys } from '../intents';
import { isChord } from '../keys';
import { withKeys } from '../live';
import { listenForPicks } from '../picking';
import { disagrees, idOf, isFlagged, isRelabelled, noteOf, valueName } from '../points';
import {
  WireError,
  array,
  integer,
  list,
  record,
  refuse,
  show as showFound,
  text,
  textOrNull,
  texts,
  whole,
  words,
} from '../read';
import { shown } from '../shown';
import { clearSelection, filter, focusOn, selectTo, targets, toggleRow } from '../state';
import { createRelabel } from '../views/relabel';
import { createUndo } from '../views/undo';
import { copied } from './clipboard';
import { fullName, nameOf } from './columns/arrange';
import { fieldOf } from './columns/fields';
import { download } from './download';
import { classesOf, NO_MORE, withClasses } from './filters/model';
import { makeEdits } from './edits';
import { createMarks, withMarks } from './edits/cell';
import { hearLanguage, speak, spoken } from './expression/language';
import { guarded } from './guarded';

// prettier-ignore
/** In the order in which they are listed here. A function: nothing is asked for before every module is there. */
export const kit = (): readonly unknown[] => [
  drawBars, extent, sortable, drawPixels, h, icon, onceAFrame, setAttr, setText, show, svg,
  createEditing, count, many, named, percent, plain, value, edits, ids, labels, previewKind,
  createKeys, withKeys, listenForPicks, idOf, isFlagged, isRelabelled, noteOf, valueName,
  WireError, array, integer, list, record, refuse, showFound, text, textOrNull, texts, whole, words,
  shown, clearSelection, filter, focusOn, selectTo, targets, toggleRow, createRelabel, createUndo,
  copied, fullName, nameOf, classesOf, NO_MORE, withClasses, download, makeEdits, createMarks, withMarks, guarded,
  disagrees, fieldOf, hearLanguage, speak, spoken, isChord,
];
