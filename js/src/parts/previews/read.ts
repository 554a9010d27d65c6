/** What Python says about one point, checked. Pure. */

import { array, integer, list, record, text, words, WireError, type Buffer, type Json } from '../../read';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/** A point as it is shown when somebody looks at it. */
export interface Shown {
  readonly row: number;
  readonly text: string | null;
  readonly picture: Picture | null;
  /** Why there is neither; empty where nothing failed. */
  readonly why: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** How many features the point has. */
  readonly of: number;
}

export interface Member {
  readonly name: string;
  readonly label: string;
  readonly text: string;
  readonly picture: Picture | null;
}

export interface Members {
  readonly row: number;
  readonly total: number;
  readonly members: readonly Member[];
}

export interface Offered {
  readonly audio: boolean;
  readonly groups: boolean;
  readonly features: boolean;
}

export const NOTHING: Offered = { audio: false, groups: false, features: false };

export function readOffered(body: Json): Offered {
  return { audio: body.audio === true, groups: body.groups === true, features: body.features === true };
}

export function readShown(body: Json, buffers: readonly Buffer[]): Shown {
  const facts = body.facts === undefined ? [] : list(body, 'facts');
  return {
    row: integer(body, 'row'),
    text: body.text === null || body.text === undefined ? null : words(body.text, 'text', true),
    picture: pictures(body.image, buffers, 1)[0] ?? null,
    why: words(body.why, 'why', true),
    facts: facts.map(pair),
    of: body.of === undefined ? facts.length : integer(body, 'of'),
  };
}

export function readMembers(body: Json, buffers: readonly Buffer[]): Members {
  const items = list(body, 'members').map((item) => record(item, 'A member'));
  const shown = pictures(body.image, buffers, items.length);
  return {
    row: integer(body, 'row'),
    total: integer(body, 'total'),
    members: items.map((item, i) => ({
      name: text(item, 'name'),
      label: text(item, 'label'),
      text: words(item.text, 'text', true),
      picture: shown[i] ?? null,
    })),
  };
}

export function readWav(body: Json, buffers: readonly Buffer[]): { row: number; wav: Uint8Array } {
  return { row: integer(body, 'row'), wav: array(body.wav, 'u1', buffers, null, 'the sound') };
}

function pair(item: unknown): readonly [string, string] {
  if (!Array.isArray(item) || item.length !== 2) {
    throw new WireError('A feature should be a name and a value.');
  }
  return [words(item[0], 'a name'), words(item[1], 'a value', true)];
}

/** `n` pictures of one size, one after the other. */
function pictures(item: unknown, buffers: readonly Buffer[], n: number): Picture[] {
  if (item === null || item === undefined) {
    return [];
  }
  const image = record(item, 'image');
  const [width, height, channels] = ['width', 'height', 'channels'].map((key) => integer(image, key)) as [
    number,
    number,
    number,
  ];
  const size = width * height * channels;
  const pixels = array(image.pixels, 'u1', buffers, n * size, 'pixels');
  return Array.from({ length: n }, (_, i) => ({
    width,
    height,
    channels,
    pixels: pixels.subarray(i * size, (i + 1) * size),
  }));
}
