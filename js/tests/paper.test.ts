// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { derive } from '../src/derive';
import { column, columnsFor } from '../src/layout';
import { makePaper } from '../src/parts/paper';
import { fitTo } from '../src/parts/paper/fit';
import { INITIAL } from '../src/state';
import { makePoints } from './make';

const many = Array.from({ length: 20 }, (_, i) => column('feature', null, `f${i}`, '', '100px'));

describe('a table on paper', () => {
  it('is as small as it must be to fit, and no smaller than can be read', () => {
    expect(fitTo(many.slice(0, 2), 690)).toEqual({ zoom: 0.85, lost: [] });
    const some = fitTo(many.slice(0, 9), 690);
    expect(some.zoom).toBeCloseTo(690 / 912);
    expect(some.lost).toEqual([]);
    const all = fitTo(many, 690);
    expect(all.zoom).toBe(0.6);
    expect(all.lost.map(({ name }) => name)).toEqual(many.slice(11).map(({ name }) => name));
  });

  it('says which columns and rows are not there, once somebody prints', () => {
    const paper = makePaper();
    const [line] = paper.bar!;
    const rows = Array.from({ length: 3 }, (_, i) => `<div class="row" aria-rowindex="${i + 6}"></div>`);
    document.body.innerHTML = `<div class="work"><div class="chips"></div><div class="table">${rows.join('')}</div></div>`;
    document.querySelector('.chips')!.append(line!);
    const points = makePoints([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const derived = derive(points, INITIAL, null, false);
    const columns = [...columnsFor(points, 'wide'), ...many];
    paper.paint!({ points, state: INITIAL, derived, focus: -1, columns });
    expect(line!.textContent).toBe('');
    dispatchEvent(new Event('beforeprint'));
    expect(line!.textContent).toContain('Rows 5 to 7 of 9 are on this page.');
    expect(line!.textContent).toContain('f18, f19. Export has all of them.');
    expect(document.querySelector<HTMLElement>('.table')!.style.getPropertyValue('--on-paper')).toBe('0.600');
    paper.end!();
    document.body.replaceChildren();
  });
});
