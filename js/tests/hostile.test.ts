import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it, vi } from 'vitest';

import { derive } from '../src/derive';
import { isRefusal, readMessage } from '../src/hosts/lab/runs';
import { InfluenceModel } from '../src/influence/model';
import { applyStep, bothFrom, checkAnswer } from '../src/influence/points';
import { LiveModel } from '../src/model';
import {
  decode as decodeInfluence,
  type FullInfluence,
  type OfTest,
  type OfTrain,
  type InfluenceMessage,
} from '../src/influence/wire';
import { applyDelta, applyEdits, fromFull } from '../src/points';
import { readSnapshot } from '../src/snapshot';
import { INITIAL } from '../src/state';
import { decode, WireError, type FullMessage } from '../src/wire';
import { buffersOf, goldensOf } from './goldens';
import { chance, mutated, mutatedBuffers, pick } from './hostile';

/** What a message that was not refused says of itself, or the sentence it was refused with. */
function sentenceOf(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    if (!(error instanceof WireError)) {
      throw error;
    }
    return error.message;
  }
}

const complains = (model: LiveModel): boolean => model.problem !== null;

/** What a model does with a full message. */
function take(message: FullMessage | FullInfluence): void {
  derive(fromFull(message), INITIAL, null, false);
  if ('influence' in message) {
    bothFrom(message);
  }
}

function check(sentences: readonly (string | null)[]): void {
  const refused = sentences.filter((sentence) => sentence !== null);
  expect(refused.length).toBeGreaterThan(0.3 * sentences.length); // the mutations matter
  expect(refused.length).toBeLessThan(sentences.length);
  for (const sentence of refused) {
    expect(sentence).toMatch(/^[^\p{C}]{15,1000}[.!]$/u);
  }
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
}

describe('messages made wrong on purpose', () => {
  it.each([
    ['any panel', '', decode],
    ['an influence panel', 'influence/', decodeInfluence],
  ] as const)(
    'of %s are read or refused in a sentence, and what was read can be shown',
    (_, folder, read) => {
      const by = chance(5);
      const good = goldensOf(folder).filter((golden) => golden.refuse === undefined);
      const of = (name: string) => good.find((golden) => golden.name === name)!;
      const held = of(folder === '' ? 'full_class' : 'influence_full');
      const before = performance.now();
      const sentences = Array.from({ length: 3000 }, () => {
        const golden = pick(good, by);
        const content = mutated(golden.content, by);
        const buffers = mutatedBuffers(buffersOf(golden), by);
        return sentenceOf(() => {
          const message = read(content, buffers) as InfluenceMessage;
          if (message.t === 'full') {
            take(message);
          } else if (message.t === 'delta' || message.t === 'edits') {
            const start = read(held.content, buffersOf(held)) as FullInfluence;
            const points = fromFull(start);
            const done = message.t === 'delta' ? applyDelta(points, message) : applyEdits(points, message);
            derive(points, INITIAL, null, false);
            if (done && 'influence' in message) {
              applyStep(bothFrom(start), message);
            }
          }
        });
      });
      check(sentences);
      expect(performance.now() - before).toBeLessThan(10_000);
    }
  );

  it.each([
    ['any panel', '', LiveModel, 'full_class'],
    ['an influence panel', 'influence/', InfluenceModel, 'influence_full'],
  ] as const)('of %s: the model says what is wrong and goes on', (_, folder, Model, start) => {
    vi.useFakeTimers();
    vi.stubGlobal('requestAnimationFrame', () => 0);
    const by = chance(8);
    const good = goldensOf(folder).filter((golden) => golden.refuse === undefined);
    const first = good.find((golden) => golden.name === start)!;
    const heard = new Map<string, (content: unknown, buffers: DataView[]) => void>();
    const on = (event: string, callback: never): unknown => heard.set(event, callback);
    const model = new Model({
      get: () => undefined,
      send: () => undefined,
      on: on,
      off: () => undefined,
    });
    const receive = heard.get('msg:custom')!;
    let problems = 0;
    for (let i = 0; i < 1500; i++) {
      const golden = pick(good, by);
      if (i % 4 === 0) {
        receive(first.content, buffersOf(first));
        expect(model.points?.n).toBe(first.content.n);
      }
      model.dismiss();
      receive(mutated(golden.content, by), mutatedBuffers(buffersOf(golden), by));
      problems += complains(model) ? 1 : 0;
    }
    expect(problems).toBeGreaterThan(500);
    model.dispose();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('of influences about points that are not here are refused', () => {
    const all = goldensOf('influence/');
    const of = (name: string) => all.find((golden) => golden.name === name)!;
    const both = bothFrom(
      decodeInfluence(of('influence_full').content, buffersOf(of('influence_full'))) as FullInfluence
    );
    const test = decodeInfluence(of('of_test').content, buffersOf(of('of_test'))) as OfTest;
    const train = decodeInfluence(of('of_train').content, buffersOf(of('of_train'))) as OfTrain;
    const wrong = [
      { ...test, test: both.test.n },
      { ...test, helpful: Uint32Array.of(both.train.n) },
      { ...test, harmful: Uint32Array.of(4294967295) },
      { ...train, train: both.train.n },
      { ...train, scores: new Float32Array(both.test.n + 1) },
    ];
    for (const message of wrong) {
      expect(sentenceOf(() => checkAnswer(both, message))).toMatch(/not here/);
    }
    expect(sentenceOf(() => checkAnswer(both, test))).toBeNull();
  });

  it('of a copy are read or refused in a sentence', () => {
    const folder = fileURLToPath(new URL('../../tests/snapshots/', import.meta.url));
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    const good = files.map((name) => readFileSync(folder + name, 'utf8'));
    const parsed = good.map((payload) => JSON.parse(payload) as unknown);
    const by = chance(6);
    check(
      Array.from({ length: 2000 }, () =>
        sentenceOf(() => {
          const roll = by();
          const payload = pick(good, by);
          const cut = Math.floor(by() * payload.length);
          const text =
            roll < 0.1
              ? payload.slice(0, cut)
              : roll < 0.3
                ? payload.slice(0, cut) +
                  pick(['}', '"', 'A', '9', ',null', '\u0000', '1e999'], by) +
                  payload.slice(cut + 1)
                : JSON.stringify(mutated(pick(parsed, by), by));
          const { points } = readSnapshot(text);
          derive(points, INITIAL, null, false);
        })
      )
    );
  });

  it('of a copy, nested deeper than anything that is read, are refused in a sentence', () => {
    const folder = fileURLToPath(new URL('../../tests/snapshots/', import.meta.url));
    const golden = readFileSync(folder + 'all_rows.json', 'utf8');
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    for (const key of ['manifest', 'frame', 'title', 'classes', 'ids', 'history', 'state', 'counts']) {
      const text = golden.replace(new RegExp(`"${key}": ?`), `"${key}":${deep},"was":`);
      if (text !== golden) {
        expect(sentenceOf(() => readSnapshot(text)) ?? 'It was read: nobody looks there.').toMatch(/[.!]$/);
      }
    }
  });

  it('of the control channel are read, refused or ignored', () => {
    const run = { id: 'a', name: 'b', state: 'running', spark: [1, 2], zero: 3, done: 4, error: 'c' };
    const answer = { v: 1, t: 'runs', request: '7', runs: [run, run], kernel: { ipykernel: '7' } };
    const by = chance(7);
    const read = Array.from({ length: 2000 }, () => readMessage(mutated(answer, by)));
    const answers = read.filter((found) => found !== null && !isRefusal(found));
    expect(answers.length).toBeGreaterThan(500);
    expect(read).toContain(null);
  });
});
