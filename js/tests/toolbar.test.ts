// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import type { Source } from '../src/source';
import { createToolbar } from '../src/views/toolbar';
import { makePoints } from './make';

describe('the top line', () => {
  const said = (title: string): string => {
    const toolbar = createToolbar({ drawer: () => {} }, document.createElement('div'));
    toolbar.update({ asked: null } as unknown as Source, makePoints([1, 2], { title }), null);
    return toolbar.method.textContent;
  };

  it('says how many points there are once, also where the title does', () => {
    expect(said('Cells')).toBe('Shapley · 2 points');
    expect(said('2 points')).toBe('Shapley');
  });
});
