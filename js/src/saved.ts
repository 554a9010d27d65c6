/** A saved page's points: the same panel, with nobody to ask. */

import { full, previews } from './frames';
import { record, type Buffer } from './read';
import { eachPreview, fromFull, type Points } from './points';
import type { Preview, Source } from './source';

interface SavedFrame {
  content: unknown;
  buffers: string[];
}

export class SavedSource implements Source {
  readonly live = false;
  readonly link = 'ok';
  readonly unsaved = 0;
  readonly asked = null;
  readonly problem = null;
  readonly height = 600;
  memory = null;
  readonly points: Points;
  private readonly previews = new Map<number, Preview>();

  /** Reads `{"content", "buffers": [base64], "more"?: [{"content", "buffers"} of previews]}`. */
  constructor(json: string) {
    const saved = JSON.parse(json) as SavedFrame & { more?: SavedFrame[] };
    const message = full(record(saved.content, 'The saved frame'), saved.buffers.map(fromBase64));
    for (const frame of saved.more ?? []) {
      this.keep(frame);
    }
    const points = fromFull(message);
    this.points = this.previews.size > 0 ? points : { ...points, preview: { kind: 'none' } };
  }

  get title(): string {
    return this.points.title;
  }

  preview(row: number): Preview | undefined {
    return this.previews.get(row);
  }

  wantPreviews(): void {}
  control(): void {}
  relabel(): void {}
  drop(): void {}
  undo(): void {}
  redo(): void {}
  dismiss(): void {}

  subscribe(): () => void {
    return () => undefined;
  }

  private keep(frame: SavedFrame): void {
    const message = previews(record(frame.content, 'A saved preview'), frame.buffers.map(fromBase64));
    eachPreview(message, (row, preview) => this.previews.set(row, preview));
  }
}

function fromBase64(text: string): Buffer {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
