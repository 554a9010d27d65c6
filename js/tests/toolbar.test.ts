// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import type { Source } from '../src/source';
import type { Status } from '../src/wire';
import { createToolbar } from '../src/views/toolbar';
import { makePoints } from './make';

describe('the top line', () => {
  const said = (title: string): string => {
    const toolbar = createToolbar({ drawer: () => {} }, document.createElement('div'));
    toolbar.update({ asked: null } as unknown as Source, makePoints([1, 2], { title }), null);
    return toolbar.method.textContent;
  };

  it('does not say of a run whose kernel is silent that it goes on', () => {
    const toolbar = createToolbar({ drawer: () => {} }, document.createElement('div'));
    const said = (state: Status['state']): string => {
      const points = makePoints([1, 2]);
      const status = { ...points.status, state, left: 5 };
      toolbar.update({ asked: null, link: 'silent' } as unknown as Source, { ...points, status }, null);
      return toolbar.element.querySelector('.toolbar-run')!.textContent;
    };
    expect(said('running')).toContain('was running');
    expect(said('running')).not.toContain('left');
    expect(toolbar.element.hasAttribute('data-was')).toBe(true);
    expect(said('finished')).toContain('finished');
    expect(said('finished')).not.toContain('was');
    expect(toolbar.element.hasAttribute('data-was')).toBe(false);
  });

  it('says how many points there are once, also where the title does', () => {
    expect(said('Cells')).toBe('Shapley · 2 points');
    expect(said('2 points')).toBe('Shapley');
  });
});
