/** What the panel has anyway: a module that comes later is given it, so that it is not there twice. */

import { createEditing } from '../editing';
import { createKeys } from '../intents';
import { withKeys } from '../live';
import { createRelabel } from '../views/relabel';
import { createUndo } from '../views/undo';
import { makeEdits } from './edits';
import { createMarks } from './edits/cell';

export const KIT = { createEditing, createKeys, createMarks, createRelabel, createUndo, makeEdits, withKeys };

export type Kit = typeof KIT;
