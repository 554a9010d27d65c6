/** In the column of the point in focus: its picture at full size, its sound, its row, the members of its group. */

import { drawPixels, h, setAttr, setText, show } from '../../dom';
import type { Points } from '../../points';
import { FEATURES } from '../../views/point';
import type { PlayButton } from './player';
import type { Member, Members, Offered, Shown } from './read';
import { failed, features, imageOf, MEMBERS, membersOf } from './words';

export interface ColumnData {
  readonly offered: Offered;
  readonly points: Points;
  readonly row: number;
  readonly look: Shown | null;
  readonly members: Members | null;
}

export function createColumn(play: PlayButton, askMembers: (row: number) => void) {
  const why = h('p', { class: 'preview-why', role: 'note', 'data-testid': 'preview-why' });
  const facts = h('dl', { class: 'facts preview-row', 'data-testid': 'preview-row' });
  const summary = h('summary');
  const rowCard = h('details', { class: 'card', 'data-testid': 'preview-features' }, summary, facts);
  const list = h('ul', { class: 'preview-members', 'data-testid': 'preview-members' });
  const title = h('summary', {}, MEMBERS);
  const group = h('details', { class: 'card', 'data-testid': 'preview-group' }, title, list);
  const sound = h('div', { class: 'preview-sound' }, play.element);
  const element = h('div', { class: 'preview-more' }, why, sound, rowCard, group);
  let told: Shown | null = null;
  let listed: Members | null = null;
  let asked = -1;
  let now: ColumnData | null = null;
  group.addEventListener('toggle', ask);

  function ask(): void {
    if (group.open && now !== null && now.row >= 0 && now.members === null && asked !== now.row) {
      asked = now.row;
      askMembers(now.row);
    }
  }

  function update(data: ColumnData): void {
    now = data;
    const { look, offered, members } = data;
    play.update(data.row);
    show(why, look !== null && look.why !== '');
    setText(why, look !== null && look.why !== '' ? failed(look.why) : '');
    show(sound, offered.audio && data.row >= 0 && look?.why === '');
    show(rowCard, offered.features && look !== null && saysMore(look, data.points));
    show(group, offered.groups && data.row >= 0);
    if (look !== null && look !== told) {
      told = look;
      setText(summary, features(look.facts.length, look.of));
      facts.replaceChildren(
        ...look.facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])
      );
    }
    if (members !== listed) {
      listed = members;
      setText(title, members === null ? MEMBERS : membersOf(members.members.length, members.total));
      list.replaceChildren(...(members?.members ?? []).map(memberItem));
    }
    sharpen(data);
    ask();
  }

  /** The picture above, which another view drew small, at full size; that view draws it anew for another point. */
  function sharpen({ look, row, points }: ColumnData): void {
    const canvas = element
      .closest('.detail')
      ?.querySelector<HTMLCanvasElement>('[data-testid="point-preview"]');
    const picture = look?.picture ?? null;
    if (canvas && points.preview.kind === 'image') {
      if (picture !== null && canvas.dataset.large !== String(row)) {
        drawPixels(canvas, picture.pixels, picture.width, picture.height);
      }
      setAttr(canvas, 'data-large', picture === null ? null : row);
    }
  }

  return { element, update };
}

/** Whether the row has features that do not stand with the numbers of the point already. */
function saysMore({ facts }: Shown, { features }: Points): boolean {
  const shown = new Set(features.slice(0, FEATURES).map(({ name }) => name));
  return facts.some(([name]) => !shown.has(name));
}

function memberItem({ name, label, text, picture }: Member): HTMLElement {
  const canvas = picture === null ? null : h('canvas', { role: 'img', 'aria-label': imageOf(name) });
  if (canvas !== null && picture !== null) {
    drawPixels(canvas, picture.pixels, picture.width, picture.height);
  }
  return h(
    'li',
    {},
    canvas,
    h('strong', {}, name),
    h('span', { class: 'muted' }, label),
    h('span', {}, text)
  );
}
