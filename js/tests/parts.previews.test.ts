import { describe, expect, it } from 'vitest';

import { Looks } from '../src/parts/previews/looks';
import { placeBeside } from '../src/parts/previews/place';
import { readMembers, readShown } from '../src/parts/previews/read';

const image = (pixels: number, width = 2) => ({
  width,
  height: 1,
  channels: 1,
  pixels: { b: 0, d: 'u1', n: pixels },
});

describe('what is said of a point', () => {
  it('is a picture, a text, or why there is neither', () => {
    const shown = readShown({ row: 3, text: null, why: '', image: image(2) }, [Uint8Array.of(7, 8)]);
    expect([...shown.picture!.pixels]).toEqual([7, 8]);
    const failed = readShown({ row: 3, text: null, why: 'gone\u202e', image: null }, []);
    expect(failed.picture).toBeNull();
    expect(failed.why).not.toContain('\u202e');
    const facts = [['a', '1']];
    expect(readShown({ row: 3, text: null, why: '', facts, of: 9 }, []).of).toBe(9);
  });

  it('is refused where it is not as promised', () => {
    expect(() => readShown({ row: 3, text: null, why: '', image: image(3) }, [new Uint8Array(3)])).toThrow(
      '2'
    );
    expect(() => readShown({ row: -1, text: null, why: '' }, [])).toThrow('row');
    expect(() => readShown({ row: 1, why: '', facts: ['a'] }, [])).toThrow('a name and a value');
  });

  it('gives each member of a group its picture', () => {
    const members = [1, 2].map((i) => ({ name: `n${i}`, label: 'l', text: '' }));
    const read = readMembers({ row: 0, total: 9, members, image: image(4) }, [Uint8Array.of(1, 2, 3, 4)]);
    expect(read.members.map(({ picture }) => [...picture!.pixels])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

describe('points that somebody looks at', () => {
  it('are asked for once in a while, and forgotten oldest first', () => {
    const asked: number[] = [];
    const looks = new Looks((row) => asked.push(row));
    expect(looks.get(1, 0)).toBeNull();
    looks.get(1, 4000);
    looks.get(1, 6000);
    expect(asked).toEqual([1, 1]);
    const shown = { text: '', picture: null, why: '', facts: [], of: 0 };
    for (let row = 0; row < 70; row++) {
      looks.keep({ row, ...shown });
    }
    expect(looks.get(69)?.row).toBe(69);
    expect(looks.get(0)).toBeNull();
  });
});

describe('the place of a larger picture', () => {
  const within = { left: 0, top: 0, width: 400, height: 300 };
  const size = { width: 100, height: 100 };

  it('is beside the small one, where there is room, and never outside the panel', () => {
    expect(placeBeside({ left: 10, top: 100, width: 20, height: 20 }, size, within)).toEqual({
      left: 38,
      top: 60,
    });
    expect(placeBeside({ left: 370, top: 0, width: 20, height: 20 }, size, within)).toEqual({
      left: 262,
      top: 0,
    });
    const wide = { width: 390, height: 100 };
    expect(placeBeside({ left: 200, top: 20, width: 20, height: 20 }, wide, within)).toEqual({
      left: 10,
      top: 48,
    });
    expect(placeBeside({ left: 200, top: 270, width: 20, height: 20 }, wide, within)).toEqual({
      left: 10,
      top: 162,
    });
  });
});
