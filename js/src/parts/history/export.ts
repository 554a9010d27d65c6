/** Hands a text to other programs as a file. */

import { download } from '../download';
import type { Form } from './log';

const FILES: Record<Form, readonly [name: string, type: string]> = {
  code: ['edits.py', 'text/x-python'],
  csv: ['edits.csv', 'text/csv'],
  json: ['edits.json', 'application/json'],
};

export function isForm(item: unknown): item is Form {
  return typeof item === 'string' && Object.hasOwn(FILES, item);
}

export function save(form: Form, text: string): void {
  const [name, type] = FILES[form];
  download(name, new Blob([text], { type: `${type};charset=utf-8` }));
}
